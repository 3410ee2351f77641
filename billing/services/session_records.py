"""What the booking system says of a session now: fetched and kept; a failure is noted and, if it lasts, shown."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from billing.domain.errors import BillingError, PermanentError
from billing.domain.events import PIPELINE
from billing.ports.ledger import Books, SessionRow
from billing.ports.outside import RawRecord
from billing.services.changed_orders import note_changes
from billing.services.house import House

STALE_AFTER = timedelta(minutes=5)  # nothing is billed from what was read longer ago
FAILING_SHOWN_AFTER = timedelta(hours=3)
NOT_READ, NOT_ANSWERED = "session_not_read", "session_not_answered"


def read_again(house: House, sessions: Sequence[SessionRow], shared: Sequence[RawRecord]) -> set[str]:
    """Fetch and keep the records of these sessions; returns the ids of those that could not be read.

    One that is refused is set aside; one that does not answer is tried again, and shown when it goes on for hours.
    """
    with ThreadPoolExecutor(house.concurrency) as pool:
        fetched = list(pool.map(lambda session: _fetch(house, session), sessions))
    unread = set()
    for session, records in zip(sessions, fetched, strict=True):
        if not isinstance(records, BillingError):
            _keep(house, session, records, shared)
            continue
        unread.add(session.session_id)
        if isinstance(records, PermanentError):
            _set_aside(house, session, records)
        else:
            _note_failure(house, session, records)
    return unread


def read_now(house: House, session: SessionRow, shared: Sequence[RawRecord]) -> None:
    """The same for one session that a person asks about: an error is theirs to see, and changes nothing here."""
    records = _fetch(house, session)
    if isinstance(records, BillingError):
        raise records
    _keep(house, session, records, shared)


def are_stale(session: SessionRow, now: datetime) -> bool:
    return session.records_fetched_at is None or session.records_fetched_at < now - STALE_AFTER


def _fetch(house: House, session: SessionRow) -> list[RawRecord] | BillingError:
    try:
        return house.source.related_records(session.job_id)
    except BillingError as error:
        return error
    except Exception as error:
        sentence = f"Job {session.job_id} cannot be read ({type(error).__name__}: {error}); look at it there."
        return PermanentError(NOT_READ, sentence)


def _keep(house: House, session: SessionRow, records: list[RawRecord], shared: Sequence[RawRecord]) -> None:
    now, session_id = house.now(), session.session_id
    with house.ledger.write() as books:
        is_news = books.records.keep_all(session.source, session.job_id, records, now)
        books.sessions.records_fetched(session_id, now)
        was_unread = books.desk.resolve_attention(session_id, NOT_READ, PIPELINE, now)
        if books.records.cursor(_failing(session)):
            books.records.move_cursor(_failing(session), "", now)
            books.desk.resolve_attention(session_id, NOT_ANSWERED, PIPELINE, now)
        state = state_now(books, session)
        if state == "attention" and (is_news or was_unread):
            books.sessions.settle(session_id, "due", None, now)
        if state == "billed":
            note_changes(house, books, session, shared)


def _set_aside(house: House, session: SessionRow, error: PermanentError) -> None:
    """It is tried again with the others under attention; what was billed already stays as it is."""
    now = house.now()
    with house.ledger.write() as books:
        books.desk.raise_attention(session.session_id, NOT_READ, error.sentence, now)
        books.sessions.records_fetched(session.session_id, now)
        if state_now(books, session) == "due":
            books.sessions.settle(session.session_id, "attention", error.sentence, now)


def state_now(books: Books, session: SessionRow) -> str:
    """While it was read outside, another worker may have billed it, or set it aside."""
    row = books.sessions.get(session.session_id)
    return row.state if row else session.state


def _note_failure(house: House, session: SessionRow, error: BillingError) -> None:
    now = house.now()
    with house.ledger.write() as books:
        since = books.records.cursor(_failing(session))
        if not since:
            books.records.move_cursor(_failing(session), now.isoformat(), now)
        elif now - datetime.fromisoformat(since) >= FAILING_SHOWN_AFTER:
            sentence = (
                f"{session.name} could not be read in the booking system for hours ({error.sentence}) It is tried"
                f" again by itself; look whether job {session.job_id} opens there."
            )
            books.desk.raise_attention(session.session_id, NOT_ANSWERED, sentence, now)


def _failing(session: SessionRow) -> str:
    return f"not_answered_since:{session.session_id}"
