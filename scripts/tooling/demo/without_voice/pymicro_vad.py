"""Stands in for a package without a wheel; without it Home Assistant's pages don't load."""


class MicroVad:
    """The demo has no voice."""
