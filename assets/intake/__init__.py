"""What the outside shows us, kept raw."""
