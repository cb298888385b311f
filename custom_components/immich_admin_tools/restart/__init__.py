"""Restarts of Immich's workers: in which ways, how they are seen to be back, how often."""
