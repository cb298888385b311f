"""Immich: its HTTP API, its queues and its jobs.

Knows nothing of Home Assistant.
"""
