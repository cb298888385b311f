"""Who paused which queue, why, and when it goes on."""
