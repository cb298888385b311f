"""Stories of GPU boxes and their owners."""
