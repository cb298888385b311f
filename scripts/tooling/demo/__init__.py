"""The demo: a real Home Assistant beside a simulated Immich with real queues."""
