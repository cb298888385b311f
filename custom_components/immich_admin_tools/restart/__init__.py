"""Restarts of the workers: by which methods, how they are seen to be back, how often."""
