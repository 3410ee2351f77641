"""UNOFFICIAL: Pixieset has no public API. These are the calls of its own web application, and they may break any day.

Whatever is not exactly as expected ends in a task for a person, never in a guess.
"""

from billing.adapters.pixieset.galleries import PixiesetGalleries

__all__ = ["PixiesetGalleries"]
