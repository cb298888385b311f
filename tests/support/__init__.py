"""Real servers for the tests: Valkey and the Immich simulator. Nothing here needs Home Assistant."""
