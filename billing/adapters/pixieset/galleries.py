"""UNOFFICIAL: opening and closing Pixieset collections by its web application's own calls (port GalleryHost).

Reverse-engineered from its web application, and unverified: GET and PUT /collections/{id} with the fields in _FIELDS.
The studio opts in, and everything unexpected ends in NeedsAttention `pixieset_needs_person`.
"""

from __future__ import annotations

import logging
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from billing.adapters.pixieset.web import PixiesetWeb
from billing.domain.errors import BillingError, UnknownOutcomeError
from billing.ports.outside import GalleryAccess

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_FIELDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "password_protected": (bool,),
    "downloadable": (bool,),
    "expiry_date": (str, type(None)),
    "status": (str,),
    "url": (str,),
}
_SENT_BACK = ("name", "password_protected", "password", "downloadable", "download_pin", "expiry_date", "status")
_STATUSES = ("published", "hidden")


class PixiesetGalleries:
    """UNOFFICIAL, see the module. `galleries_base`: "https://galleries.pixieset.com/api/v1".

    `session_cookie`: the value of the cookie pixieset_session, or a whole Cookie header ("a=1; b=2"), from a signed-in
    browser; it runs out, and then every call becomes a task for a person until it is renewed.
    """

    name = "pixieset"

    def __init__(
        self,
        galleries_base: str,
        session_cookie: str,
        csrf_token: str,
        *,
        timeout_seconds: float = 20,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._web = PixiesetWeb(galleries_base, session_cookie, csrf_token, timeout_seconds, transport)
        self._warned = False

    def close(self) -> None:
        self._web.close()

    def open_gallery(self, gallery_id: str, expires_on: date | None) -> GalleryAccess:
        """Publish the collection and allow downloads; `expires_on` None leaves the expiry that it has.

        A password (if it is protected) and a download PIN are handed on as they are.
        """
        wanted: dict[str, Any] = {"status": "published", "downloadable": True}
        if expires_on:
            wanted["expiry_date"] = expires_on.isoformat()
        return self._access(gallery_id, self._bring_about(gallery_id, wanted))

    def close_gallery(self, gallery_id: str) -> None:
        """Hide the collection and stop downloads."""
        self._bring_about(gallery_id, {"status": "hidden", "downloadable": False})

    def is_open(self, gallery_id: str) -> bool:
        """One reading: whether it is published."""
        self._warn_once()
        return bool(self._read(gallery_id)["status"] == "published")

    def _bring_about(self, gallery_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        self._warn_once()
        before = self._read(gallery_id)
        if _agrees(before, wanted):
            return before
        kept = {name: before[name] for name in _SENT_BACK if name in before}
        try:
            self._web.call("PUT", gallery_id, {**kept, **wanted})
        except UnknownOutcomeError as doubt:
            return self._look_after(gallery_id, wanted, doubt)
        return self._verify(gallery_id, wanted)

    def _verify(self, gallery_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """An unofficial call is believed only when reading shows what it did."""
        doubt = UnknownOutcomeError(
            "pixieset_outcome_unknown",
            f"Collection {gallery_id} was changed, but reading it again failed; look at {self._web.page(gallery_id)}.",
        )
        try:
            after = self._read(gallery_id)
        except BillingError as error:
            if error.code == "pixieset_needs_person":
                raise
            raise doubt from None
        if not _agrees(after, wanted):
            raise self._web.by_hand(gallery_id, "the change was accepted, but has not taken effect")
        return after

    def _look_after(self, gallery_id: str, wanted: dict[str, Any], doubt: UnknownOutcomeError) -> dict[str, Any]:
        """Evidence at once, if it can be had: a change that shows has happened."""
        try:
            after = self._read(gallery_id)
        except BillingError:
            raise doubt from None
        if _agrees(after, wanted):
            return after
        raise doubt

    def _read(self, gallery_id: str) -> dict[str, Any]:
        if not _ID.fullmatch(gallery_id):
            raise self._web.by_hand(repr(gallery_id[:40]), "that is no id of a collection")
        found = self._web.call("GET", gallery_id)
        odd = [name for name, types in _FIELDS.items() if name not in found or type(found[name]) not in types]
        if odd or found["status"] not in _STATUSES or str(found.get("id")) != gallery_id:
            raise self._web.by_hand(
                gallery_id, f"its answer has another shape than it had ({', '.join(odd) or 'status, id'})"
            )
        return found

    def _access(self, gallery_id: str, found: dict[str, Any]) -> GalleryAccess:
        password, pin, expiry = found.get("password"), found.get("download_pin"), found["expiry_date"]
        if found["password_protected"] and not (isinstance(password, str) and password):
            raise self._web.by_hand(gallery_id, "it is open, but does not tell its password; send it to the client")
        try:
            expires_on = date.fromisoformat(expiry[:10]) if expiry else None
        except ValueError:
            raise self._web.by_hand(gallery_id, f"it expires on {expiry[:20]!r}, which is no date") from None
        if not found["url"].startswith("https://"):
            raise self._web.by_hand(gallery_id, "it gives no web address for the client")
        return GalleryAccess(
            url=found["url"],
            password=password if found["password_protected"] else None,
            pin=str(pin) if pin else None,
            expires_on=expires_on,
        )

    def _warn_once(self) -> None:
        if not self._warned:
            log.warning("Pixieset has no public API: unofficial calls are in use, and may stop working without notice.")
            self._warned = True


def _agrees(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether the collection stands as wanted; an expiry may come back with a time of day."""
    return all(str(found[name])[:10] == str(value)[:10] for name, value in wanted.items())
