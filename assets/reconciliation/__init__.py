"""Reconciliation: the books against Stripe, VSCO Workspace and the galleries; each difference says what to do."""
