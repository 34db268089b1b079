"""LogRocket's Galileo Highlights as internal notes on Zendesk tickets."""
