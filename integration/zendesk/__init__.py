"""Zendesk: what it tells us (`webhook`), and what we ask of it (`desk`); `service` says what the folder offers."""
