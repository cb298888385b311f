"""The one error a script shows to its user."""

from __future__ import annotations


class ToolingError(Exception):
    """Something the user has to know or to do; the message says what."""
