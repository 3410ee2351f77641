"""What people are told of their own accord: the morning's mail."""
