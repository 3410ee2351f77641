"""The ledger, the system of record: SQLite by default, PostgreSQL when outgrown, one URL in the settings."""
