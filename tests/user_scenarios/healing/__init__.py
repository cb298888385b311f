"""Stories of stuck jobs, pauses and restarts."""
