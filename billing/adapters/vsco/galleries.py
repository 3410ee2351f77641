"""Galleries kept in VSCO Workspace (port GalleryHost; GET and PUT /gallery/{id}, schema Gallery)."""

from __future__ import annotations

from datetime import date
from typing import Any

from billing.adapters.vsco.client import VscoClient
from billing.adapters.vsco.fields import Fields
from billing.adapters.vsco.related import checked_id
from billing.domain.errors import BillingError, NeedsAttention, UnknownOutcomeError
from billing.domain.lengths import KEY_MAX, URL_MAX
from billing.ports.outside import GalleryAccess

# What a PUT must not send back: the server's own fields; the mappings, which "can not be updated"; and the cover photo,
# which on an update is an order to import it again.
_NOT_OURS = frozenset({"links", "id", "created", "modified", "hidden", "externalMappings", "coverPhoto"})
_NEEDED = ("clientUrl", "adminUrl")  # the name, too, must be sent, and may be null


class VscoGalleries:
    """Opens and closes by `status`; everything else of the gallery is sent back as it was."""

    name = "vsco"

    def __init__(self, client: VscoClient) -> None:
        self._client = client

    def open_gallery(self, gallery_id: str, expires_on: date | None) -> GalleryAccess:
        """Make it active until the end of `expires_on`; None leaves the expiry that it has.

        A gallery that is open already with this expiry is not written to. An archived one needs a person.
        """
        gallery = self._read(gallery_id)
        _access(gallery)  # what cannot be handed on is not opened
        if gallery.raw("status") == "archived":
            raise NeedsAttention(
                "gallery_archived",
                f"The gallery {gallery_id} is archived; restore it in VSCO Workspace, then open it again.",
            )
        expiry = expires_on or gallery.date("expirationDate")
        wanted = {"status": "active", "expirationDate": expiry.isoformat() if expiry else None}
        return _access(self._change(gallery_id, gallery, wanted))

    def close_gallery(self, gallery_id: str) -> None:
        """Make it inactive, unless it is closed (or archived) already."""
        gallery = self._read(gallery_id)
        if gallery.raw("status") not in ("inactive", "archived"):
            self._change(gallery_id, gallery, {"status": "inactive"})

    def is_open(self, gallery_id: str) -> bool:
        """One reading: whether its status is active."""
        return bool(self._read(gallery_id).raw("status") == "active")

    def _read(self, gallery_id: str) -> Fields:
        return Fields(self._client.read(f"/gallery/{checked_id('gallery', gallery_id)}"), f"gallery {gallery_id}")

    def _change(self, gallery_id: str, gallery: Fields, wanted: dict[str, Any]) -> Fields:
        if _agrees(gallery, wanted):
            return gallery
        for name in _NEEDED:
            if not gallery.text(name):
                raise gallery.wrong(name, "is missing")
        body = {name: value for name, value in gallery.items() if name not in _NOT_OURS}
        try:
            answer = self._client.write("PUT", f"/gallery/{gallery_id}", {"name": None, **body, **wanted})
        except UnknownOutcomeError as doubt:
            return self._look_after(gallery_id, wanted, doubt)
        after = Fields({**dict(gallery.items()), **answer}, f"gallery {gallery_id}")
        if not _agrees(after, wanted):
            raise NeedsAttention(
                "gallery_not_changed",
                f"VSCO Workspace took the change of gallery {gallery_id} and did not make it; set it there by hand.",
            )
        return after

    def _look_after(self, gallery_id: str, wanted: dict[str, Any], doubt: UnknownOutcomeError) -> Fields:
        """Evidence at once, if it can be had: a change that shows has happened."""
        try:
            gallery = self._read(gallery_id)
        except BillingError:
            raise doubt from None
        if _agrees(gallery, wanted):
            return gallery
        raise doubt


def _agrees(gallery: Fields, wanted: dict[str, Any]) -> bool:
    return all(gallery.raw(name) == value for name, value in wanted.items())


def _access(gallery: Fields) -> GalleryAccess:
    """`requiresPassword` is true unless said otherwise (its default in the specification)."""
    password = gallery.raw_text("password") if gallery.flag("requiresPassword", default=True) else ""
    if len(password) > KEY_MAX:
        raise gallery.wrong("password", f"is longer than {KEY_MAX} characters")
    url = gallery.whole("clientUrl", URL_MAX)
    if not url.startswith(("https://", "http://")):
        raise gallery.wrong("clientUrl", "is no web address")
    return GalleryAccess(url=url, password=password or None, pin=None, expires_on=gallery.date("expirationDate"))
