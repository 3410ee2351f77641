"""Galleries that no program can open: each one is a task for a person (port GalleryHost)."""

from __future__ import annotations

from datetime import date
from typing import NoReturn

from billing.domain.errors import NeedsAttention

__all__ = ["ManualGalleries"]


class ManualGalleries:
    """Never opens anything; says what a person has to do."""

    name = "manual"

    def open_gallery(self, gallery_id: str, expires_on: date | None) -> NoReturn:
        """Raises NeedsAttention `gallery_by_hand`."""
        until = f" until {expires_on.isoformat()}" if expires_on else ""
        raise NeedsAttention(
            "gallery_by_hand",
            f"The gallery {gallery_id} is opened by hand: publish it{until} at its host.",
        )

    def close_gallery(self, gallery_id: str) -> NoReturn:
        """Raises NeedsAttention `gallery_by_hand`."""
        raise NeedsAttention(
            "gallery_by_hand",
            f"The gallery {gallery_id} is closed by hand: hide it at its host.",
        )

    def is_open(self, gallery_id: str) -> None:
        """Nobody can tell."""
        return
