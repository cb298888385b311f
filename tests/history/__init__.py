"""What happened: events and the history."""
