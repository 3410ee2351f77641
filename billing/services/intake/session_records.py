"""What the booking system says of a session now: fetched and kept; a failure is noted and, if it lasts, shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from billing.domain.errors import BillingError, NoRight, PermanentError, RefusedAccess
from billing.domain.events import PIPELINE
from billing.domain.sessions import SessionFacts
from billing.ports.ledger import SessionRow, UnitOfWork
from billing.ports.outside import RawRecord, Reading
from billing.services.collections.unusable_addresses import note_addresses
from billing.services.context import Context
from billing.services.intake.billed_sessions import note_changes
from billing.services.intake.cut_texts import note_cut
from billing.services.intake.not_shown import note_not_shown

Progress = Callable[[int, int], None]  # so many are done, of so many

STALE_AFTER = timedelta(minutes=5)  # nothing is billed from what was read longer ago
FAILING_SHOWN_AFTER = timedelta(hours=3)
NOT_READ, NOT_ANSWERED = "session_not_read", "session_not_answered"
JOB = "job"  # the kind of record under which it is said that no job can be read


def read_again(
    ctx: Context, sessions: Sequence[SessionRow], shared: Sequence[RawRecord], progress: Progress | None = None
) -> set[str]:
    """Fetch and keep the records of these sessions; returns the ids of those that could not be read.

    Each is kept as soon as it is read. One that is refused is set aside; one that does not answer is tried again, and
    shown when it goes on for hours. RefusedAccess ends it: that is no fault of any session.
    """
    refused: dict[str, str] = {}
    denied: list[tuple[SessionRow, NoRight]] = []
    unread: set[str] = set()
    for done, (session, reading) in enumerate(_fetched(ctx, sessions), 1):
        if isinstance(reading, Reading):
            _keep(ctx, session, reading, shared)
            refused.update(reading.refused)
        else:
            unread.add(session.session_id)
            if isinstance(reading, NoRight):
                denied.append((session, reading))
            else:
                _note_unread(ctx, session, reading)
        if progress:
            progress(done, len(sessions))
    is_shown = len(unread) < len(sessions)
    _note_denied(ctx, denied, is_shown, refused)
    note_not_shown(ctx, (JOB, "gallery") if is_shown else (), refused)
    return unread


def _fetched(ctx: Context, sessions: Sequence[SessionRow]) -> Iterator[tuple[SessionRow, Reading | BillingError]]:
    """In their order, with no more under way at once than may be asked for: what is read is soon handed on."""
    ahead: deque[tuple[SessionRow, Future[Reading | BillingError]]] = deque()
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        for session in sessions:
            ahead.append((session, pool.submit(_fetch, ctx, session)))
            if len(ahead) >= ctx.concurrency:
                first, reading = ahead.popleft()
                yield first, reading.result()
        for first, reading in ahead:
            yield first, reading.result()


def _note_unread(ctx: Context, session: SessionRow, error: BillingError) -> None:
    if isinstance(error, RefusedAccess):
        raise error
    if isinstance(error, PermanentError):
        _set_aside(ctx, session, error)
    else:
        _note_failure(ctx, session, error)


def _note_denied(
    ctx: Context, denied: Sequence[tuple[SessionRow, NoRight]], is_shown: bool, refused: dict[str, str]
) -> None:
    """Where other jobs are shown, it is a matter of this one. Where none is, it is one of the key: said once."""
    for session, error in denied:
        if is_shown:
            _set_aside(ctx, session, error)
            continue
        refused[JOB] = error.sentence
        with ctx.ledger.write() as uow:
            uow.sessions.not_answered(session.session_id, ctx.now())


def read_now(ctx: Context, session: SessionRow, shared: Sequence[RawRecord]) -> None:
    """The same for one session that a person asks about: an error is theirs to see, and changes nothing here."""
    reading = _fetch(ctx, session)
    if isinstance(reading, BillingError):
        raise reading
    _keep(ctx, session, reading, shared)


def are_stale(session: SessionRow, now: datetime) -> bool:
    return is_older(session, STALE_AFTER, now)


def is_older(session: SessionRow, than: timedelta, now: datetime) -> bool:
    """Whether what is known of it was read longer ago. What was read later than now, by a clock that was set back
    since, was read nobody knows when."""
    read_at = session.records_fetched_at
    return read_at is None or not now - than <= read_at <= now


def _fetch(ctx: Context, session: SessionRow) -> Reading | BillingError:
    try:
        return ctx.source.related_records(session.job_id)
    except BillingError as error:
        return error
    except Exception as error:
        sentence = f"Job {session.job_id} cannot be read ({type(error).__name__}: {error}); look at it there."
        return PermanentError(NOT_READ, sentence)


def _keep(ctx: Context, session: SessionRow, reading: Reading, shared: Sequence[RawRecord]) -> None:
    now, session_id = ctx.now(), session.session_id
    facts = _facts(ctx, reading, shared)
    with ctx.ledger.write() as uow:
        is_news = uow.records.keep_all(session.source, session.job_id, reading.records, now, reading.refused)
        uow.sessions.records_fetched(session_id, now)
        was_unread = uow.tasks.resolve(session_id, NOT_READ, PIPELINE, now)
        if session.unanswered_since:
            uow.tasks.resolve(session_id, NOT_ANSWERED, PIPELINE, now)
        state = state_now(uow, session)
        if state == "attention" and (is_news or was_unread):
            uow.sessions.settle(session_id, "due", None, now)
        if facts and state in ("due", "billed"):
            note_addresses(ctx, uow, facts.client)
            note_cut(ctx, uow, session, facts.cut)
        if state == "billed" or uow.invoices.of_session(session_id):
            note_changes(ctx, uow, replace(session, state=state), shared)


def _facts(ctx: Context, reading: Reading, shared: Sequence[RawRecord]) -> SessionFacts | None:
    """None of a session that cannot be read: billing it says why."""
    with suppress(Exception):
        return ctx.source.read_session(reading.records, shared)
    return None


def _set_aside(ctx: Context, session: SessionRow, error: PermanentError) -> None:
    """It is tried again with the others under attention; what was billed already stays as it is."""
    now = ctx.now()
    with ctx.ledger.write() as uow:
        uow.tasks.raise_task(session.session_id, NOT_READ, error.sentence, now)
        uow.sessions.records_fetched(session.session_id, now)
        if state_now(uow, session) == "due":
            uow.sessions.settle(session.session_id, "attention", error.sentence, now)


def state_now(uow: UnitOfWork, session: SessionRow) -> str:
    """While it was read outside, another worker may have billed it, or set it aside."""
    row = uow.sessions.get(session.session_id)
    return row.state if row else session.state


def _note_failure(ctx: Context, session: SessionRow, error: BillingError) -> None:
    now = ctx.now()
    with ctx.ledger.write() as uow:
        since = uow.sessions.not_answered(session.session_id, now)
        if now - since >= FAILING_SHOWN_AFTER:
            sentence = (
                f"{session.name} could not be read in the booking system for hours ({error.sentence}) It is tried"
                f" again by itself; look whether job {session.job_id} opens there."
            )
            uow.tasks.raise_task(session.session_id, NOT_ANSWERED, sentence, now)
