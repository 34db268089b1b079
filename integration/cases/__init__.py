"""The engine: one entry a case, the ledger that decides, the lanes to the services; it knows no vendor."""
