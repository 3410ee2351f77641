"""Noticing completed sessions in the booking system and keeping what it says of them, every version, raw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest

from billing.domain.errors import BillingError, PermanentError, RefusedAccess, TemporaryError
from billing.domain.events import PIPELINE
from billing.domain.policy import GalleryPolicy, Trigger, completed_on, session_end, why_left_out
from billing.domain.sessions import JobSummary, SessionFacts, Stage
from billing.ports.ledger import SessionRow, UnitOfWork
from billing.ports.outside import RawRecord
from billing.services.context import Context
from billing.services.intake.not_shown import check_that_jobs_can_be_told_apart, note_not_shown
from billing.services.intake.session_records import Progress, is_older, read_again, state_now
from billing.services.invoicing.changed_orders import LOOKED_AT_A_ROUND, LOOKED_AT_EVERY, LOOKED_AT_FOR

# Two pages may shift while they are read, and clocks differ: read a little more than is new, every time.
OVERLAP = timedelta(minutes=10)
REFETCH_ATTENTION_AFTER = timedelta(minutes=5)
ATTENTION_READ_AT_MOST = 100  # in that time: hundreds that wait for somebody must not keep the line busy
REFETCH_EXPECTED_AFTER = timedelta(hours=1)
REFETCH_GALLERY_AFTER = timedelta(hours=6)
SHARED_GOOD_FOR = timedelta(days=1)
NOT_SHOWN_FOR = timedelta(hours=1)  # then it is asked for again: somebody may have given the key its right
EXPECT_GALLERY_FOR = timedelta(days=90)  # after the invoice; one that comes later is told of by hand
# About eight calls a session, 25 a second: some minutes of a run that may take fifteen, and then bills what was read.
READ_A_ROUND = 600
PAGES_A_ROUND = 200  # of the list of jobs, so that a list of any length leaves time to bill what it told of
KEPT_EVERY_PAGES = 10
JOB_LIST = "job-list"  # under which it is said that the list cannot be read on
NEVER = datetime.min.replace(tzinfo=UTC)
MALFORMED = "malformed_record"
SHARED_KINDS = ("studio", "job-type", "brand", "job-role", "custom-field", "product-type", "product", "tax-rate")


@dataclass(slots=True)
class Observed:
    """What one poll saw. `complete` is False when it stopped with more to read; `trouble` says what broke it off."""

    jobs_read: int = 0
    records_new: int = 0
    sessions_new: int = 0
    complete: bool = False
    trouble: str | None = None


def session_id_of(source: str, job_id: str) -> str:
    return f"{source}:{job_id}"


def observe_jobs(ctx: Context, max_pages: int | None = None, go_on: bool = False) -> Observed:
    """Read jobs modified since the watermark, keep each new version, and note the sessions that were completed.

    The watermark moves only when the reading has reached it. One that was cut short is read again from the top, or, to
    `go_on`, from where it had come to: so a list of any length is read to its end, whatever stops each reading. What
    breaks off after some pages is told, and takes back nothing; RefusedAccess, and trouble from the start, are raised.
    """
    place = _place(ctx, go_on)
    since = place.watermark - OVERLAP if place.watermark else None
    shared, seen, pages = shared_records(ctx), Observed(), 0
    try:
        for page in ctx.source.changed_jobs(since, max_pages, place.reached):
            pages += 1
            place = place.after(page)
            with ctx.ledger.write() as uow:
                for record in page:
                    is_new, is_completed = _observe_job(ctx, uow, record, shared)
                    seen.records_new += is_new
                    seen.sessions_new += is_completed
                if go_on and pages % KEPT_EVERY_PAGES == 0:
                    place.keep(uow, ctx.now())
            seen.jobs_read += len(page)
    except RefusedAccess:
        raise
    except BillingError as error:
        if not pages and place.reached is None:
            raise
        seen.trouble = error.sentence
    seen.complete = seen.trouble is None and (max_pages is None or pages < max_pages)
    if seen.complete:
        place.finish(ctx)
    if go_on:
        _go_on_later(ctx, place, seen, pages)
    return seen


def _go_on_later(ctx: Context, place: _Place, seen: Observed, pages: int) -> None:
    if not seen.complete:
        with ctx.ledger.write() as uow:
            place.keep(uow, ctx.now())
    sentence = f"The list of jobs cannot be read beyond one place, so older jobs are not seen. {seen.trouble}"
    note_not_shown(ctx, (JOB_LIST,), {JOB_LIST: sentence} if seen.trouble and not pages else {})


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the list of jobs is read: all up to `watermark`; of what is newer, from `newest` down to `reached`."""

    name: str
    watermark: datetime | None
    newest: datetime | None
    reached: datetime | None = None
    is_kept: bool = False  # an earlier reading was cut short

    def after(self, page: Sequence[RawRecord]) -> _Place:
        changed = [record.modified_at for record in page]
        newest = max(filter(None, [self.newest, *changed]), default=None)
        return replace(self, newest=newest, reached=min(filter(None, [self.reached, *changed]), default=None))

    def keep(self, uow: UnitOfWork, now: datetime) -> None:
        for part, at in (("newest", self.newest), ("reached", self.reached)):
            uow.records.move_cursor(f"{self.name}:{part}", at.isoformat() if at else "", now)

    def finish(self, ctx: Context) -> None:
        """A record dated in the future must not make us deaf to all that is modified until then."""
        now = ctx.now()
        watermark = min(self.newest, now) if self.newest else None
        if watermark == self.watermark and not self.is_kept:
            return
        with ctx.ledger.write() as uow:
            if watermark:
                uow.records.move_cursor(self.name, watermark.isoformat(), now)
            if self.is_kept:
                replace(self, newest=None, reached=None).keep(uow, now)


def _place(ctx: Context, go_on: bool) -> _Place:
    name = f"{ctx.source.name}:jobs"
    with ctx.ledger.read() as uow:
        watermark = _instant(uow.records.cursor(name))
        newest, reached = (_instant(uow.records.cursor(f"{name}:{part}")) for part in ("newest", "reached"))
    if go_on and newest and reached:
        return _Place(name, watermark, newest, reached, is_kept=True)
    return _Place(name, watermark, watermark, is_kept=reached is not None)


def _instant(text: str | None) -> datetime | None:
    """Of a cursor; None of what is no instant, such as the days that older versions kept for the shared records."""
    instant = datetime.fromisoformat(text) if text else None
    return instant if instant and instant.tzinfo else None


def shared_records(ctx: Context) -> list[RawRecord]:
    """What many jobs refer to (job types, products, …): from the ledger, fetched on first need and once a day.

    What is not shown is done without, or with what was known of it, and asked for again within the hour. NeedsAttention
    if the studio says by it which jobs are billed. A booking system that does not answer is asked again the next time.
    """
    name = f"{ctx.source.name}:shared"
    now = ctx.now()
    with ctx.ledger.read() as uow:
        known = uow.records.of_kinds(ctx.source.name, SHARED_KINDS)
        good_until = _instant(uow.records.cursor(name))
    if known and good_until and now < good_until <= now + SHARED_GOOD_FOR:
        return known
    try:
        reading = ctx.source.shared_records()
    except TemporaryError:
        if not known:
            raise
        return known
    note_not_shown(ctx, SHARED_KINDS, reading.refused)
    kinds = {record.kind for record in (*known, *reading.records)}
    check_that_jobs_can_be_told_apart(ctx.policy.jobs, kinds, reading.refused)
    with ctx.ledger.write() as uow:
        for record in reading.records:
            uow.records.keep(ctx.source.name, record, None, now)
        good_for = NOT_SHOWN_FOR if reading.refused else SHARED_GOOD_FOR
        uow.records.move_cursor(name, (now + good_for).isoformat(), now)
        return uow.records.of_kinds(ctx.source.name, SHARED_KINDS)


def fetch_session_records(ctx: Context, limit: int | None = None, progress: Progress | None = None) -> int:
    """Fetch orders, contacts, payments, events and galleries of the sessions that need them; returns how many.

    That is: due ones without records, those under attention (somebody may have mended them), expected ones whose
    session may have ended, paid ones whose gallery was not there yet, and billed ones whose order may have changed.
    One that cannot be read is set aside. Each is kept as it is read: who is stopped has lost nothing of it.
    """
    wanted = sessions_to_fetch(ctx)[:limit]
    if wanted:
        read_again(ctx, wanted, shared_records(ctx), progress)
    wake_expected_sessions(ctx)
    return len(wanted)


def wake_expected_sessions(ctx: Context) -> int:
    """Under the trigger `session_ended`: sessions whose end, plus the grace, has passed become due.

    Only by what was read after that end: the session may have been moved.
    """
    with ctx.ledger.read() as uow:
        expected = [row for row in uow.sessions.in_state("expected") if row.records_fetched_at is not None]
    shared = shared_records(ctx) if expected else []
    return sum(_wake(ctx, session, shared) for session in expected)


def _wake(ctx: Context, session: SessionRow, shared: Sequence[RawRecord]) -> bool:
    with ctx.ledger.read() as uow:
        facts = _facts(ctx, uow, session, shared)
    now = ctx.now()
    if isinstance(facts, PermanentError):
        with ctx.ledger.write() as uow:
            uow.tasks.raise_task(session.session_id, facts.code, facts.sentence, now)
        return False
    end = session_end(facts, ctx.policy)
    if facts.job.closed and facts.job.stage in (Stage.LEAD, Stage.BOOKED):
        with ctx.ledger.write() as uow:
            if state_now(uow, session) == "expected":
                uow.sessions.settle(session.session_id, "excluded", "the job was closed before its session", now)
        return False
    if end is None or not _ended_before(ctx, end[0], session.records_fetched_at):
        return False
    completed = end[1]
    state, reason = _first_state(ctx, facts.job, completed)
    with ctx.ledger.write() as uow:
        if state_now(uow, session) != "expected":
            return False  # another worker was faster
        uow.sessions.wake(session.session_id, state, reason, completed, now)
        uow.tasks.resolve(session.session_id, None, PIPELINE, now)
    return True


def _facts(
    ctx: Context, uow: UnitOfWork, session: SessionRow, shared: Sequence[RawRecord]
) -> SessionFacts | PermanentError:
    try:
        return ctx.source.read_session(uow.records.of_job(session.source, session.job_id), shared)
    except PermanentError as error:
        return error
    except Exception as error:
        sentence = f"Job {session.job_id} cannot be read ({type(error).__name__}: {error}); look at it there."
        return PermanentError(MALFORMED, sentence)


def _ended_before(ctx: Context, ends_at: datetime, instant: datetime | None) -> bool:
    return instant is not None and ends_at + ctx.policy.session_grace <= instant


def _observe_job(ctx: Context, uow: UnitOfWork, record: RawRecord, shared: Sequence[RawRecord]) -> tuple[bool, bool]:
    now = ctx.now()
    is_new = uow.records.keep(ctx.source.name, record, record.source_id, now)
    session_id = session_id_of(ctx.source.name, record.source_id)
    try:
        job = ctx.source.read_job(record, shared)
    except PermanentError as error:
        uow.tasks.raise_task(session_id, error.code, error.sentence, now)
        return is_new, False
    except Exception as error:
        sentence = f"Job {record.source_id} cannot be read ({type(error).__name__}: {error}); look at it there."
        uow.tasks.raise_task(session_id, MALFORMED, sentence, now)
        return is_new, False
    if is_new:
        uow.tasks.resolve(session_id, MALFORMED, PIPELINE, now)
        _look_again(uow, session_id, now)
    completed = completed_on(job, ctx.policy.trigger)
    if completed is None and not _is_expected(ctx, job):
        return is_new, False
    state, reason = _first_state(ctx, job, completed) if completed else ("expected", None)
    row = SessionRow(session_id, ctx.source.name, job.job_id, job.name, state, completed, now, None)
    return is_new, uow.sessions.observe(row, ctx.policy.trigger.value, reason)


def _look_again(uow: UnitOfWork, session_id: str, now: datetime) -> None:
    """The job of a session has changed: perhaps what set it aside was mended, or what was billed changed."""
    session = uow.sessions.get(session_id)
    if session is None or session.state not in ("attention", "billed"):
        return
    uow.sessions.records_fetched(session_id, None)
    if session.state == "attention":
        uow.sessions.settle(session_id, "due", None, now)


def _is_expected(ctx: Context, job: JobSummary) -> bool:
    by_end = ctx.policy.trigger is Trigger.SESSION_ENDED
    is_over = job.stage in (Stage.FULFILLMENT, Stage.COMPLETED)
    return by_end and job.session_id is not None and (is_over or (job.stage is Stage.BOOKED and not job.closed))


def _first_state(ctx: Context, job: JobSummary, completed: date) -> tuple[str, str | None]:
    reason = why_left_out(job, ctx.policy.jobs)
    if reason:
        return "excluded", reason
    starts_on = ctx.policy.billing_starts_on
    if starts_on is not None and completed < starts_on:
        return "history", f"completed before billing_starts_on {starts_on}"
    return "due", None


def sessions_to_fetch(ctx: Context) -> list[SessionRow]:
    """Sessions whose records are missing, or may have changed in what we wait for; each once.

    One of each of the five reasons in turn, so that a backlog of one keeps none of the others waiting.
    """
    now = ctx.now()
    by_hand = ctx.policy.gallery_policy is GalleryPolicy.BY_HAND
    paid_only = ctx.policy.gallery_policy is GalleryPolicy.PAID_IN_FULL
    with ctx.ledger.read() as uow:
        fresh = [row for row in uow.sessions.in_state("due") if row.records_fetched_at is None]
        expected = [row for row in uow.sessions.in_state("expected") if is_older(row, REFETCH_EXPECTED_AFTER, now)]
        set_aside = uow.sessions.in_state("attention")
        without_gallery = (
            []
            if by_hand
            else uow.sessions.without_gallery(now - REFETCH_GALLERY_AFTER, now - EXPECT_GALLERY_FOR, paid_only)
        )
        billed = uow.sessions.to_look_at_again(now - LOOKED_AT_EVERY, now - LOOKED_AT_FOR, LOOKED_AT_A_ROUND)
    stale = [row for row in set_aside if is_older(row, REFETCH_ATTENTION_AFTER, now)]
    at_most = ATTENTION_READ_AT_MOST - (len(set_aside) - len(stale))
    reasons = (
        sorted(fresh, key=_tried_longest_ago),
        sorted(expected, key=_tried_longest_ago),
        sorted(stale, key=_tried_longest_ago)[: max(0, at_most)],
        sorted(without_gallery, key=_tried_longest_ago),
        billed,
    )
    in_turn = (session for turn in zip_longest(*reasons) for session in turn if session is not None)
    return list({session.session_id: session for session in in_turn}.values())


def _tried_longest_ago(row: SessionRow) -> datetime:
    """What does not answer, or is still the same, goes behind what was not tried since. Else the order stays."""
    return max(filter(None, (row.tried_at, row.records_fetched_at)), default=NEVER)
