"""What stops work, what limits it, and who is told when something is wrong."""
