"""What people ask for: one act, one function, typed arguments."""
