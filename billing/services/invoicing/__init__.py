"""Documents: drafts, invoices, what has changed since, and their PDF."""
