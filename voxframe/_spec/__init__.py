"""What the service says of itself, as values; no logic."""
