"""Identifiers in the vendors' own shapes, derived from counters in the store so that every run is repeatable."""

from __future__ import annotations

import hashlib

from billing.sandbox.store import Store

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_EPOCH_MS = 1_600_000_000_000


def ulid(milliseconds: int, entropy: bytes) -> str:
    """A lower-case ULID: 48 bits of time and 80 bits of entropy, as VSCO Workspace writes its ids."""
    number = (milliseconds << 80) | int.from_bytes(entropy[:10], "big")
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_id(store: Store) -> str:
    """The next id. Its time part comes from the counter, not the clock: ids then sort by age and repeat by run."""
    number = store.next_number("ulid")
    return ulid(_EPOCH_MS + number * 1000, hashlib.sha256(f"studio:{number}".encode()).digest())


def is_ulid(text: str) -> bool:
    return len(text) == 26 and set(text) <= set(_CROCKFORD)
