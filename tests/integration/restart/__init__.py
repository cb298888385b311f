"""Restarts of the workers, on servers of their own: other tests count restarts."""
