"""One job's raw records put together into what billing its session needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from billing.adapters.vsco import places
from billing.adapters.vsco.amounts import Amounts, MoneyScale
from billing.adapters.vsco.catalogue import Catalogue, catalogue
from billing.adapters.vsco.fields import Fields
from billing.adapters.vsco.jobs import custom_fields, preference, read_job
from billing.adapters.vsco.orders import OrderReader
from billing.adapters.vsco.people import People, read_client
from billing.domain.errors import PermanentError
from billing.domain.lengths import KEY_MAX, PARTS_MAX, URL_MAX
from billing.domain.sessions import Gallery, Order, SessionFacts
from billing.ports.outside import RawRecord

_GALLERY_STATUSES = ("pre-release", "active", "inactive", "archived")
_ASKS_FOR_NOTHING = ("draft", "voided")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


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
        cut: list[str] = []
        rows = _by_kind(records, cut)
        job_fields = _only_job(rows)
        job = read_job(job_fields, known)
        session = rows.get("event", {}).get(job.session_id or "")
        payments = {payment.id(): payment for payment in rows.get("payment", {}).values()}
        times = _times(session)
        reader = OrderReader(Amounts(known.currency, self.money_scale), known, payments, times.on)
        if len(rows.get("order", {})) > PARTS_MAX:
            raise job_fields.wrong("orders", f"are {len(rows['order']):,}, and a session has at most {PARTS_MAX}")
        order_rows = [row for row in rows.get("order", {}).values() if not row.flag("hidden")]
        orders = tuple(reader.read(row) for row in order_rows)
        people = _people(rows, known)
        contact = people.client_fields(job.job_id, _recipients(order_rows, orders))
        said = (job.custom_fields.get(self.preference_field), custom_fields(contact, known).get(self.preference_field))
        return SessionFacts(
            job=job,
            client=read_client(contact, known, self.language_field, job.custom_fields),
            orders=orders,
            session_starts_at=times.starts_at,
            session_ends_at=times.ends_at,
            session_on=times.starts_on,
            session_ends_on=times.ends_on,
            place=places.place_name(session.part("location")) if session else None,
            photographer=people.photographer(),
            galleries=tuple(
                self._gallery(row, job.name) for row in rows.get("gallery", {}).values() if not row.flag("hidden")
            ),
            collection_preference=preference(*said),
            cut=tuple(dict.fromkeys(cut)),
        )

    def _gallery(self, row: Fields, job_name: str) -> Gallery:
        """Where it is shown follows from its address; elsewhere than here it is known by its `remoteId` there.

        One without a name of its own goes by the job's.
        """
        url, remote_id = row.whole("clientUrl", URL_MAX), row.whole("remoteId", KEY_MAX) or None
        host = self._host(row, url)
        return Gallery(
            gallery_id=remote_id if remote_id and host != "vsco" else row.id(),
            host=host,
            name=row.shown("headline") or row.shown("name") or job_name,
            url=url,
            status=row.one_of("status", _GALLERY_STATUSES, "active"),
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


def _by_kind(records: Sequence[RawRecord], cut: list[str]) -> dict[str, dict[str, Fields]]:
    job_id = next((record.source_id for record in records if record.kind == "job"), "")
    rows: dict[str, dict[str, Fields]] = {}
    for record in sorted(records, key=lambda record: (record.kind, record.source_id)):
        of_job = "" if record.kind == "job" else job_id
        rows.setdefault(record.kind, {})[record.source_id] = Fields.of_record(record, of_job, cut)
    return rows


def _only_job(rows: Mapping[str, Mapping[str, Fields]]) -> Fields:
    jobs = list(rows.get("job", {}).values())
    if len(jobs) != 1:
        raise PermanentError("malformed_record", f"These are the records of {len(jobs)} jobs; read one job's again.")
    return jobs[0]


@dataclass(frozen=True, slots=True)
class _Times:
    """When the session is. The days are those of its own time zone; None if that is not told."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def on(self) -> date | None:
        """Its day, to compare a payment's `received` with, which is a local date too."""
        return self.starts_on or (self.starts_at.date() if self.starts_at else None)


def _times(session: Fields | None) -> _Times:
    """`startDate` and `endDate` are local to the event (schemas Event and Date), `startUtc` and `endUtc` are moments.

    What the moments of an event that lasts all day count from is not told: it is over when its last day is, there.
    """
    if session is None:
        return _Times()
    _check_years(session)
    zone, starts_at, ends_at = _zone(session), session.instant("startUtc"), session.instant("endUtc")
    starts_on = session.date("startDate") or (starts_at.astimezone(zone).date() if starts_at and zone else None)
    ends_on = session.date("endDate") or (ends_at.astimezone(zone).date() if ends_at and zone else None)
    if session.flag("allDay"):
        ends_on, ends_at = ends_on or starts_on, None
    elif ends_at is None:
        ends_on = ends_on or starts_on
    if ends_on is not None and starts_on is not None:
        ends_on = max(starts_on, ends_on)
    if ends_at is None and ends_on is not None and zone is not None:
        ends_at = datetime.combine(ends_on + timedelta(days=1), time(), zone).astimezone(UTC)
    return _Times(starts_at, ends_at, starts_on, ends_on)


def _check_years(session: Fields) -> None:
    """Days are counted on from these: at either end of the calendar nobody could."""
    days = {name: session.date(name) for name in ("startDate", "endDate")}
    moments = {name: session.instant(name) for name in ("startUtc", "endUtc")}
    for name, found in (days | moments).items():
        if found is not None and not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise session.wrong(name, f"is in the year {found.year}")


def _zone(session: Fields) -> tzinfo | None:
    """The event's own time zone; None without one, or with one that IANA does not know: then the studio's counts."""
    try:
        return ZoneInfo(session.text("timezoneName"))
    except (KeyError, ValueError, OSError):
        return None


def _people(rows: Mapping[str, Mapping[str, Fields]], known: Catalogue) -> People:
    job_contacts = tuple(row for row in rows.get("job-contact", {}).values() if not row.flag("hidden"))
    return People({row.id(): row for row in rows.get("contact", {}).values()}, job_contacts, known)


def _recipients(rows: Sequence[Fields], orders: Sequence[Order]) -> list[str]:
    """Whom the orders that still ask for money go to; if none does, whom the others went to."""
    live = [(row, order) for row, order in zip(rows, orders, strict=True) if order.status not in _ASKS_FOR_NOTHING]
    owing = [row for row, order in live if order.balance] or [row for row, _ in live][:1]
    return [recipient for row in owing if (recipient := row.id_or_none("recipientId"))]
