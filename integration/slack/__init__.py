"""Slack: notes go into one channel, by an app of one's own workspace."""
