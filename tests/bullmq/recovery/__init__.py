"""Changing jobs: by the keys alone, and beside real workers."""
