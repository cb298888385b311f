"""Immich Admin Tools."""
