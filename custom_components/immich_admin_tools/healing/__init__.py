"""Decides what to do about stuck jobs, does it, and checks what it achieved."""
