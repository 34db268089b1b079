"""Programs that measure what tests cannot: how it feels under load."""
