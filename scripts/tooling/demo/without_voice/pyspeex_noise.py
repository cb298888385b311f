"""Stands in for a package without a wheel; without it Home Assistant's pages don't load."""


class AudioProcessor:
    """The demo has no voice."""
