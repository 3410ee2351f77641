"""How many calls a provider takes in a second, kept by all threads and processes of one machine together."""

from __future__ import annotations

from billing.adapters.throttle.pace import Pace

__all__ = ["Pace"]
