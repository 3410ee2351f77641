"""Collecting everything that hangs on one job: the specification has no single call for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from billing.adapters.vsco import jsontext
from billing.adapters.vsco.client import VscoClient
from billing.adapters.vsco.fields import is_id, parse_instant
from billing.adapters.vsco.gallery_list import GalleryList
from billing.adapters.vsco.paging import distinct, paged, whole
from billing.adapters.vsco.refining import if_shown
from billing.domain.errors import PermanentError
from billing.domain.lengths import RAW_TEXT_MAX, shortened
from billing.ports.outside import RawRecord, Reading

Body = dict[str, Any]

_BILLED_OR_WORKING = frozenset({"client", "customer", "team"})
_CLOCKS_APART = timedelta(days=1)


def raw_record(kind: str, body: Body) -> RawRecord:
    """The object as it was sent, but for a gallery's password, which is asked for when it is needed and kept nowhere.

    A text beyond all use is kept in short: every version of every record stays in the ledger for good.
    """
    kept = {name: value for name, value in body.items() if name != "password"} if kind == "gallery" else body
    return RawRecord(kind, str(body["id"]), parse_instant(body.get("modified")), jsontext.canonical(_bounded(kept)))


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value, RAW_TEXT_MAX)
    if isinstance(value, dict):
        return {name: _bounded(part) for name, part in value.items()}
    return [_bounded(part) for part in value] if isinstance(value, list) else value


def checked_id(what: str, id_: str) -> str:
    """The id, safe to stand in a path."""
    if not is_id(id_):
        raise PermanentError("malformed_record", f"{id_[:40]!r} is no id of a {what} in VSCO Workspace; correct it.")
    return id_


class JobCollector:
    """Reads one job with all that belongs to it, as it is now: some eight calls."""

    def __init__(self, client: VscoClient, page_size: int) -> None:
        self._client, self._page_size = client, page_size
        self._gallery_list = GalleryList(client, page_size)

    def reading(self, job_id: str) -> Reading:
        path = f"/job/{checked_id('job', job_id)}"
        job = self._client.read(path)
        if job.get("id") != job_id:
            raise PermanentError("malformed_record", f"VSCO Workspace answered for job {job_id} with another object.")
        orders, payments = whole(self._client, f"{path}/order"), whole(self._client, f"{path}/payment")
        job_contacts, events = self._of_job("/job-contact", job_id), self._of_job("/event", job_id)
        events += self._missing("/event", {job.get("primarySessionId")}, events)
        payments += self._missing("/payment", _inner_ids(orders, "paymentAllocations", "paymentId"), payments)
        refused: dict[str, str] = {}
        galleries = if_shown("gallery", lambda: self._galleries(job, events), refused)
        found = {
            "job": [job],
            "order": orders,
            "payment": payments,
            "job-contact": job_contacts,
            "contact": self._missing("/address-book", _contact_ids(job_contacts, orders), []),
            "event": events,
            "gallery": galleries or [],
        }
        return Reading([raw_record(kind, body) for kind, bodies in found.items() for body in bodies], refused)

    def _of_job(self, path: str, job_id: str) -> list[Body]:
        pages = paged(self._client, path, {"jobId": job_id, "sortBy": "id desc"}, self._page_size)
        return distinct(item for page in pages for item in page)

    def _missing(self, path: str, ids: set[Any], known: list[Body]) -> list[Body]:
        """The objects of these ids that the lists did not show; what is not there (any more) is left out."""
        wanted = sorted(id_ for id_ in ids if is_id(id_) and all(body["id"] != id_ for body in known))
        return [body for id_ in wanted if (body := self._read_if_there(f"{path}/{id_}")) is not None]

    def _read_if_there(self, path: str) -> Body | None:
        """An order's recipient may be a job contact's id, an employee not in the address book: 404 is no news here."""
        try:
            body = self._client.read(path)
        except PermanentError as error:
            if error.code == "vsco_not_found":
                return None
            raise
        return body if is_id(body.get("id")) else None

    def _galleries(self, job: Body, events: list[Body]) -> list[Body]:
        """The list of galleries has no filter by job, but attaching a gallery to a job moves its `modified`.

        So none of the job's galleries can be older than the job, and reading stops there.
        """
        from_events = {event.get("galleryId") for event in events}
        created = parse_instant(job.get("created"))
        listed = distinct(
            gallery
            for gallery in self._gallery_list.modified_since(created - _CLOCKS_APART if created else None)
            if gallery.get("jobId") == job["id"] or gallery["id"] in from_events
        )
        return listed + self._missing("/gallery", from_events, listed)


def _inner_ids(bodies: list[Body], list_name: str, id_name: str) -> set[Any]:
    return {id_ for body in bodies for part in _dicts(body.get(list_name)) if is_id(id_ := part.get(id_name))}


def _dicts(value: Any) -> Iterator[Body]:
    yield from (part for part in (value if isinstance(value, list) else []) if isinstance(part, dict))


def _contact_ids(job_contacts: list[Body], orders: list[Body]) -> set[Any]:
    """Clients, team and recipients: a school has hundreds of subjects on one job, and none of them is billed."""
    wanted = {order["recipientId"] for order in orders if is_id(order.get("recipientId"))}
    for row in job_contacts:
        kinds = row.get("roleKinds")
        listed = {kind for kind in kinds if isinstance(kind, str)} if isinstance(kinds, list) else _BILLED_OR_WORKING
        if is_id(row.get("contactId")) and (row.get("client") is True or listed & _BILLED_OR_WORKING):
            wanted.add(row["contactId"])
        if row["id"] in wanted and is_id(row.get("contactId")):
            wanted.add(row["contactId"])
    return wanted
