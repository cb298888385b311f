"""The demo in a browser: a real Home Assistant, a real Chromium, real queues."""
