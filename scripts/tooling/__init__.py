"""Shared code of the project's scripts: Python 3.11 standard library only."""
