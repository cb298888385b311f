"""What a dashboard shows of one Immich: put together once per change, for all who look."""
