"""Intercom: notes go on the conversations that customers start there."""
