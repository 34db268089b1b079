"""LogRocket: what we ask of it (client), and what it tells us (callback, results)."""
