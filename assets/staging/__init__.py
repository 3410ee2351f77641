"""The ledger in DuckDB, with types and plain names."""
