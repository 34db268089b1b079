"""What the ledger costs when it holds millions of entries."""
