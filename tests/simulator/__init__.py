"""Tests of the Immich simulator: it answers as recorded, and its jobs fail as the real ones do."""
