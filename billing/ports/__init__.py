"""What the rules need from outside, named by role. Adapters implement these; tests have fakes by role."""
