"""Leases: who paused which queue, and when it goes on."""
