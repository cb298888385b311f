"""What a dashboard is sent, worked out without Home Assistant."""
