"""What the outside says: sessions and their records, the provider's events."""
