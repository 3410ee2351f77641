"""Invoices as they were frozen: a snapshot never changes, so it is taken apart once while it is in use."""

from __future__ import annotations

from functools import lru_cache

from billing.domain import canonical
from billing.domain.invoices import Invoice


@lru_cache(maxsize=64)  # one with a logo has some 200 kB
def invoice_of(snapshot: str) -> Invoice:
    """The invoice back from its canonical text."""
    return canonical.loads(Invoice, snapshot)
