"""What happened to an Immich's jobs: seen, kept and told."""
