"""Galleries: opened and closed."""
