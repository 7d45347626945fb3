"""What was done: an append-only, hash-chained log, its head also kept outside of the database."""
