"""The status page and `/metrics`: how it stands, for an admin and for Prometheus; the way in for both."""
