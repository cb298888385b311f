"""Custom integrations, for the tests and the demo."""
