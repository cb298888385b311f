"""The integration in Home Assistant with an Immich and a Redis in memory: what is said and shown, in seconds."""
