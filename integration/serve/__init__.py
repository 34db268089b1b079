"""What `serve` needs besides the product: a Valkey of its own, and a folder for its data."""
