"""The web process: what it answers, how gunicorn runs it, and the status page."""
