"""One job's raw records put together into what billing its session needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from billing.adapters.vsco import places
from billing.adapters.vsco.amounts import Amounts, MoneyScale
from billing.adapters.vsco.catalogue import Catalogue, catalogue
from billing.adapters.vsco.fields import Fields
from billing.adapters.vsco.jobs import custom_fields, preference, read_job
from billing.adapters.vsco.orders import OrderReader
from billing.adapters.vsco.people import People, read_client
from billing.domain.errors import PermanentError
from billing.domain.sessions import Gallery, Order, SessionFacts
from billing.ports.outside import RawRecord

_GALLERY_STATUSES = ("pre-release", "active", "inactive", "archived")
_ASKS_FOR_NOTHING = ("draft", "voided")


@dataclass(frozen=True, slots=True)
class SessionReader:
    """The studio's own ways of using VSCO Workspace. `gallery_hosts`: end of a gallery's host name -> gallery host."""

    money_scale: MoneyScale
    preference_field: str
    language_field: str
    gallery_hosts: Mapping[str, str]

    def read(self, records: Sequence[RawRecord], shared: Sequence[RawRecord]) -> SessionFacts:
        """PermanentError if a record is malformed, if there is nobody to bill, or two at once."""
        known = catalogue(shared)
        rows = _by_kind(records)
        job_fields = _only_job(rows)
        job = read_job(job_fields, known)
        session = rows.get("event", {}).get(job.session_id or "")
        payments = {payment.id(): payment for payment in rows.get("payment", {}).values()}
        reader = OrderReader(Amounts(known.currency, self.money_scale), known, payments, _session_on(session))
        order_rows = [row for row in rows.get("order", {}).values() if not row.flag("hidden")]
        orders = tuple(reader.read(row) for row in order_rows)
        people = _people(rows, known)
        contact = people.client_fields(job.job_id, _recipients(order_rows, orders))
        said = (job.custom_fields.get(self.preference_field), custom_fields(contact, known).get(self.preference_field))
        return SessionFacts(
            job=job,
            client=read_client(contact, known, self.language_field, job.custom_fields),
            orders=orders,
            session_starts_at=session.instant("startUtc") if session else None,
            session_ends_at=session.instant("endUtc") if session else None,
            place=places.place_name(session.part("location")) if session else None,
            photographer=people.photographer(),
            galleries=tuple(self._gallery(row) for row in rows.get("gallery", {}).values() if not row.flag("hidden")),
            collection_preference=preference(*said),
        )

    def _gallery(self, row: Fields) -> Gallery:
        """Where it is shown follows from its address; elsewhere than here it is known by its `remoteId` there."""
        url, remote_id = row.text("clientUrl"), row.text("remoteId") or None
        host = self._host(row, url)
        return Gallery(
            gallery_id=remote_id if remote_id and host != "vsco" else row.id(),
            host=host,
            name=row.text("headline") or row.text("name"),
            url=url,
            status=row.one_of("status", _GALLERY_STATUSES, "active"),
            remote_id=remote_id,
        )

    def _host(self, row: Fields, url: str) -> str:
        try:
            address = urlsplit(url)
        except ValueError:
            address = urlsplit("")
        name = (address.hostname or "").casefold()
        if address.scheme not in ("http", "https") or not name or " " in url:
            raise row.wrong("clientUrl", "is no web address")
        ends = (host for end, host in self.gallery_hosts.items() if name == end or name.endswith(f".{end}"))
        return next(ends, "vsco")


def _by_kind(records: Sequence[RawRecord]) -> dict[str, dict[str, Fields]]:
    job_id = next((record.source_id for record in records if record.kind == "job"), "")
    rows: dict[str, dict[str, Fields]] = {}
    for record in sorted(records, key=lambda record: (record.kind, record.source_id)):
        of_job = "" if record.kind == "job" else job_id
        rows.setdefault(record.kind, {})[record.source_id] = Fields.of_record(record, of_job)
    return rows


def _only_job(rows: Mapping[str, Mapping[str, Fields]]) -> Fields:
    jobs = list(rows.get("job", {}).values())
    if len(jobs) != 1:
        raise PermanentError("malformed_record", f"These are the records of {len(jobs)} jobs; read one job's again.")
    return jobs[0]


def _session_on(session: Fields | None) -> date | None:
    """The session's own local date; a payment's `received` is a local date too."""
    if session is None:
        return None
    starts_at = session.instant("startUtc")
    return session.date("startDate") or (starts_at.date() if starts_at else None)


def _people(rows: Mapping[str, Mapping[str, Fields]], known: Catalogue) -> People:
    job_contacts = tuple(row for row in rows.get("job-contact", {}).values() if not row.flag("hidden"))
    return People({row.id(): row for row in rows.get("contact", {}).values()}, job_contacts, known)


def _recipients(rows: Sequence[Fields], orders: Sequence[Order]) -> list[str]:
    """Whom the orders that still ask for money go to; if none does, whom the others went to."""
    live = [(row, order) for row, order in zip(rows, orders, strict=True) if order.status not in _ASKS_FOR_NOTHING]
    owing = [row for row, order in live if order.balance] or [row for row, _ in live][:1]
    return [recipient for row in owing if (recipient := row.id_or_none("recipientId"))]
