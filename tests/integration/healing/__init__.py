"""Stuck jobs in Home Assistant, on servers of their own: the workers are restarted too."""
