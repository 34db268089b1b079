"""What an admin has made in Zendesk: the webhook and the trigger, and the steps that lead there."""
