"""Restarts of the workers."""
