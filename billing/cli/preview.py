"""What would be billed: read from the booking system as it is now, and nothing kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from billing.cli.progress import say
from billing.domain.errors import BillingError, NeedsAttention, PermanentError
from billing.domain.invoices import Invoice
from billing.domain.policy import Trigger, completed_on, session_end, why_left_out
from billing.domain.sessions import JobSummary, SessionFacts, Stage
from billing.ports.ledger import SessionRow
from billing.ports.outside import RawRecord
from billing.services.context import Context
from billing.services.intake.observe_sessions import session_id_of
from billing.services.invoicing.draft_invoices import Drafted, draft_from_records, unforeseen
from billing.services.invoicing.order_standing import BILLED_ELSEWHERE

Period = tuple[date, date]


@dataclass(frozen=True)
class Looked:
    """One session and what billing it would come to. `not_billed`: why it is none of ours, whatever it comes to.

    `shown_before`: of its orders those that a job before it has, by the name of that job: they are billed there.
    """

    session: SessionRow
    drafted: Drafted
    completed_on: date | None = None
    not_billed: str | None = None
    shown_before: Mapping[str, str] = field(default_factory=dict)

    @property
    def invoices(self) -> tuple[Invoice, ...]:
        drafts = () if self.not_billed else self.drafted.invoices
        return tuple(draft for draft in drafts if draft.part not in self.shown_before)

    @property
    def problems(self) -> tuple[PermanentError, ...]:
        return () if self.not_billed else (*self.drafted.set_aside, *self._shown_twice())

    def waits_for_a_person(self, invoice: Invoice) -> str | None:
        """Why this invoice would be a draft, whatever the studio's policy is."""
        why = self.drafted.for_a_person.get(invoice.invoice_id)
        return None if why is None else why or "a draft of it waits already"

    def _shown_twice(self) -> Iterator[PermanentError]:
        for draft in self.drafted.invoices:
            if draft.part in self.shown_before:
                sentence = (
                    f"Order {draft.order_number or draft.part} of {self.session.name} stands under"
                    f" {self.shown_before[draft.part]} too; it is billed once, there."
                )
                yield NeedsAttention(BILLED_ELSEWHERE, sentence)


def preview_job(ctx: Context, job_id: str) -> Looked:
    """Raises BillingError if the job cannot be read."""
    session = _session(ctx, job_id, job_id)
    return _read(ctx, session, ctx.source.related_records(job_id).records, ctx.source.shared_records().records)


def preview_period(ctx: Context, period: Period) -> Iterator[Looked]:
    """Sessions completed in these days, both included. One that cannot be read is a row that says so."""
    shared = ctx.source.shared_records().records
    jobs: list[JobSummary] = []
    for page in ctx.source.changed_jobs(None):
        for record in page:
            try:
                jobs.append(ctx.source.read_job(record, shared))
            except Exception as error:
                yield _unread(_session(ctx, record.source_id, record.source_id), error)
    wanted = [job for job in jobs if _may_be_wanted(ctx, job, period)]
    seen: dict[str, str] = {}
    for done, job in enumerate(wanted, 1):
        say(f"reading job {done} of {len(wanted)}", last=done == len(wanted))
        looked = _look(ctx, job, shared)
        if looked.drafted.facts is None or _is_in(looked.completed_on, period):
            parts = [draft.part for draft in looked.invoices]
            looked = replace(looked, shown_before={part: seen[part] for part in parts if part in seen})
            seen |= {part: looked.session.name for part in parts if part not in seen}
            yield looked


def _may_be_wanted(ctx: Context, job: JobSummary, period: Period) -> bool:
    if why_left_out(job, ctx.policy.jobs):
        return False
    if ctx.policy.trigger is Trigger.SESSION_ENDED:  # only its records say when it ended
        was_kept = job.stage is not Stage.BOOKED or not job.closed
        return job.session_id is not None and job.stage is not Stage.LEAD and was_kept
    return _is_in(completed_on(job, ctx.policy.trigger), period)


def _is_in(day: date | None, period: Period) -> bool:
    return day is not None and period[0] <= day <= period[1]


def _look(ctx: Context, job: JobSummary, shared: Sequence[RawRecord]) -> Looked:
    session = _session(ctx, job.job_id, job.name)
    try:
        return _read(ctx, session, ctx.source.related_records(job.job_id).records, shared)
    except Exception as error:
        return _unread(session, error)


def _read(ctx: Context, session: SessionRow, records: Sequence[RawRecord], shared: Sequence[RawRecord]) -> Looked:
    facts = ctx.source.read_session(records, shared)
    ended_on = _completed_on(ctx, facts)
    drafted = replace(draft_from_records(ctx, session, records, shared), facts=facts)
    return Looked(replace(session, name=facts.job.name), drafted, ended_on, _why_not(ctx, facts.job, ended_on))


def _unread(session: SessionRow, error: Exception) -> Looked:
    known = PermanentError(error.code, error.sentence) if isinstance(error, BillingError) else None
    return Looked(session, Drafted(None, (), (known or unforeseen(session, error),)))


def _completed_on(ctx: Context, facts: SessionFacts) -> date | None:
    policy = ctx.policy
    if policy.trigger is not Trigger.SESSION_ENDED:
        return completed_on(facts.job, policy.trigger)
    end = session_end(facts, policy)
    return end[1] if end and end[0] + policy.session_grace <= ctx.now() else None


def _why_not(ctx: Context, job: JobSummary, ended_on: date | None) -> str | None:
    starts_on, reason = ctx.policy.billing_starts_on, why_left_out(job, ctx.policy.jobs)
    if reason:
        return f"left out, not billed ({reason})"
    if starts_on is not None and ended_on is not None and ended_on < starts_on:
        return f"history, not billed (completed on {ended_on}, before BILLING_BILLING_STARTS_ON {starts_on})"
    return None


def _session(ctx: Context, job_id: str, name: str) -> SessionRow:
    session_id = session_id_of(ctx.source.name, job_id)
    with ctx.ledger.read() as uow:
        known = uow.sessions.get(session_id)
    return known or SessionRow(session_id, ctx.source.name, job_id, name, "due", None, ctx.now(), None)
