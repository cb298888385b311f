"""Healing: leases, restarts, policies."""
