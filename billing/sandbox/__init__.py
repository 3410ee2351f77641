"""Local stand-ins that speak each vendor's own wire format, and the oracle of what really happened."""
