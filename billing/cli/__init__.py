"""The `billing` command: what waits, what is wrong and what to do, and the queue for what people ask for."""

from billing.cli.group import main

__all__ = ["main"]
