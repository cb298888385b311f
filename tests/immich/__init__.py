"""Tests of the client of Immich's API."""
