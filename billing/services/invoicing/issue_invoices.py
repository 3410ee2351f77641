"""Billing completed sessions: draft, check, and finalize (or leave for review), one session a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from billing.domain import books as postings
from billing.domain.effects import EffectKind, Intent
from billing.domain.errors import BillingError, PermanentError
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.invoices import Collection, Invoice, invoice_number
from billing.domain.policy import DeliveryMode, StudioPolicy
from billing.ports.ledger import FinalizationFacts, SessionRow, UnitOfWork
from billing.ports.outside import RawRecord
from billing.services.collections.addresses import note_booked
from billing.services.collections.autopay import charge_intent
from billing.services.context import Context
from billing.services.intake.cut_texts import CUT
from billing.services.intake.observe_sessions import shared_records
from billing.services.intake.session_records import Progress, are_stale, read_again
from billing.services.invoicing.changed_orders import open_changes, show_drafts, tell_changes
from billing.services.invoicing.draft_invoices import Drafted, draft_session, unforeseen
from billing.services.invoicing.order_standing import Way, standing_of
from billing.services.safety.after_restore import PERHAPS_BILLED, check_series, needs_a_person, warn_of_draft
from billing.services.safety.clock_set_back import is_on_an_earlier_day
from billing.services.safety.limits import room_in


@dataclass
class Billed:
    """What one round of billing did: invoice ids and counts."""

    finalized: list[Invoice] = field(default_factory=list)
    drafted: list[Invoice] = field(default_factory=list)
    set_aside: int = 0
    over_limit: int = 0


def bill_due_sessions(ctx: Context, limit: int | None = None, progress: Progress | None = None) -> Billed:
    """Bill every session that is due. One that cannot be billed is set aside with its sentence; the others go on.

    What was read a while ago (it waited for the limit, or for a setting) is read again first. Nothing is dated while
    the machine's clock shows a day that is over.
    """
    billed = Billed()
    due = _due_sessions(ctx)[:limit]
    if not due or not may_bill(ctx) or _is_no_day_to_bill_on(ctx):
        return billed
    shared = shared_records(ctx)
    room = invoices_left_today(ctx)
    _say_what_waits(ctx)  # at once: a run that ends before its time has said so, too
    unread: set[str] = set()
    for done, session in enumerate(due):
        if len(billed.finalized) + len(billed.drafted) >= room:
            billed.over_limit = len(due) - done
            break
        if done % ctx.concurrency == 0:  # as many at a time as may be asked for at once, and right before
            ahead = due[done : done + ctx.concurrency]
            unread = read_again(ctx, [one for one in ahead if are_stale(one, ctx.now())], shared)
        if session.session_id not in unread:
            _bill_or_set_aside(ctx, session, shared, billed)
        if billed.over_limit:  # another worker has taken the room that was left
            billed.over_limit = len(due) - done
            break
        if progress:
            progress(done + 1, len(due))
    _say_what_waits(ctx)
    return billed


def _is_no_day_to_bill_on(ctx: Context) -> bool:
    with ctx.ledger.read() as uow:
        return is_on_an_earlier_day(ctx, uow)


def _due_sessions(ctx: Context) -> list[SessionRow]:
    with ctx.ledger.read() as uow:
        return [row for row in uow.sessions.in_state("due") if row.records_fetched_at is not None]


def _bill_or_set_aside(ctx: Context, session: SessionRow, shared: Sequence[RawRecord], billed: Billed) -> None:
    drafted = draft_session(ctx, session, shared)
    try:
        bill_session(ctx, session, drafted, billed)
    except BillingError:
        raise
    except Exception as error:
        bill_session(ctx, session, Drafted(None, (), (unforeseen(session, error),)), billed)


def invoices_left_today(ctx: Context) -> int:
    """How many more invoices the daily limit allows (drafts count too)."""
    with ctx.ledger.read() as uow:
        return _room(ctx, uow)


def _room(ctx: Context, uow: UnitOfWork) -> int:
    """The same, asked in the transaction that makes them: two workers share one limit."""
    return room_in(ctx, uow, "invoices", uow.invoices.made_since(ctx.policy.day_starts_at(ctx.now())))


def may_bill(ctx: Context) -> bool:
    """Nothing is billed before the studio has said from which day on; says so under "needs attention"."""
    subject, code = "settings", "billing_starts_on_missing"
    starts_on, now = ctx.policy.billing_starts_on, ctx.now()
    sentence = "Set BILLING_BILLING_STARTS_ON to the first day whose sessions are billed; until then nothing is billed."
    with ctx.ledger.write() as uow:
        if starts_on is None:
            uow.tasks.raise_task(subject, code, sentence, now)
            return False
        uow.tasks.resolve(subject, code, PIPELINE, now)
        # Seen before the day was set, or before it was moved: what was completed earlier is history.
        for session in uow.sessions.in_state("due"):
            if session.completed_on is not None and session.completed_on < starts_on:
                reason = f"completed before billing_starts_on {starts_on}"
                uow.sessions.settle(session.session_id, "history", reason, now)
    return True


def bill_session(ctx: Context, session: SessionRow, drafted: Drafted, billed: Billed) -> None:
    """Carry out what was drafted, in one transaction: finalize or keep for review, and settle the session.

    A session for which the day has no room stays due, and is counted in `billed.over_limit`.
    """
    with ctx.ledger.write() as uow:
        current = uow.sessions.get(session.session_id)
        if current is None or current.state != "due":
            return  # another worker was faster
        if drafted.record_horizon and _is_news(uow, session, drafted.record_horizon):
            return  # and has read more than this was priced from: it stays due
        if drafted.invoices and not _room(ctx, uow):
            billed.over_limit += 1
            return
        finalized, kept, problems = _carry_out(ctx, uow, session, drafted)
    billed.set_aside += bool(problems)
    billed.drafted += kept
    billed.finalized += finalized


def _carry_out(
    ctx: Context, uow: UnitOfWork, session: SessionRow, drafted: Drafted
) -> tuple[list[Invoice], list[Invoice], list[PermanentError]]:
    """What was finalized, what was kept for a person, and what was set aside: each order asked about once more."""
    now, orders = ctx.now(), drafted.facts.orders if drafted.facts else ()
    by_id = {order.order_id: order for order in orders}
    is_doubtful = needs_a_person(ctx, uow, session)
    changes = open_changes(uow, session.session_id, orders)
    finalized, kept, problems = [], [], list(drafted.set_aside)
    why: dict[str, str] = {}
    for draft in drafted.invoices:
        note_booked(ctx, uow, session, draft.client)  # as it was read just now, whatever an approval is of
        standing = standing_of(uow, session, by_id[draft.part], changes)
        if not standing.is_open:
            problems += [standing.task] if standing.way is Way.NOT_HERE else []
        elif is_doubtful or standing.way is Way.BY_A_PERSON or ctx.policy.delivery_mode is DeliveryMode.REVIEW:
            keep_for_review(uow, draft, now)
            kept.append(draft)
            why |= {draft.invoice_id: standing.why} if standing.why else {}
        else:
            finalized.append(finalize_invoice(ctx, uow, session, draft, drafted.record_horizon))
    _settle_session(uow, session, problems, now)
    for draft in kept if is_doubtful else []:
        warn_of_draft(uow, draft, now)
    if drafted.facts:
        tell_changes(ctx, uow, session.session_id, orders)
    if kept:
        show_drafts(ctx, uow, session.session_id, why)
    return finalized, kept, problems


def _is_news(uow: UnitOfWork, session: SessionRow, horizon: int) -> bool:
    """Whether the ledger has heard more of the job since."""
    now, then = (uow.records.of_job(session.source, session.job_id, at) for at in (None, horizon))
    return now != then


def _settle_session(uow: UnitOfWork, session: SessionRow, set_aside: Sequence[PermanentError], now: datetime) -> None:
    """What is still wrong is shown; what was wrong before and is mended is closed."""
    problems: dict[str, str] = {}
    for problem in set_aside:  # two orders may have the same trouble
        problems[problem.code] = " ".join(filter(None, (problems.get(problem.code), problem.sentence)))
    uow.tasks.resolve(session.session_id, None, PIPELINE, now, but=[*problems, CUT])
    for code, sentence in problems.items():
        uow.tasks.raise_task(session.session_id, code, sentence, now)
    uow.sessions.settle(session.session_id, "attention" if problems else "billed", None, now)


def finalize_invoice(
    ctx: Context, uow: UnitOfWork, session: SessionRow, draft: Invoice, record_horizon: int, actor: str = PIPELINE
) -> Invoice:
    """Give the draft its number and freeze it; post it, tell it, and commit to what must be done outside."""
    now, today = ctx.now(), ctx.today()
    draft = _as_agreed(ctx, uow, draft)
    series = ctx.policy.series_on(today)
    check_series(uow, series)
    sequence = uow.invoices.next_sequence(series)
    due_on = today + (draft.due_on - draft.issued_on)
    invoice = draft.numbered(invoice_number(series, sequence), today, due_on)
    uow.tasks.resolve(draft.session_id, PERHAPS_BILLED, actor, now)
    revision = uow.invoices.revisions(draft.session_id, draft.part)[0] + 1
    facts = FinalizationFacts(series, sequence, revision, session.first_observed_at, now, now, record_horizon)
    uow.invoices.add(invoice, facts)
    for posting in postings.post_invoice(invoice):
        uow.journal.post(posting, now)
    body: dict[str, str | int | None] = {"number": invoice.number, "amount_due_minor": invoice.amount_due_minor}
    event_id = f"finalized:{invoice.invoice_id}"
    uow.journal.record_event(DomainEvent(event_id, "invoice_finalized", invoice.invoice_id, now, actor, body))
    for intent in collection_intents(ctx.policy, uow, invoice):
        uow.effects.intend(intent, now)
    return invoice


def _as_agreed(ctx: Context, uow: UnitOfWork, draft: Invoice) -> Invoice:
    """A consent may be gone since the draft was made: then it is an invoice with a pay link, and says so."""
    if draft.collection is not Collection.AUTOPAY or uow.payments.consent(draft.client.client_id):
        return draft
    due_on = draft.issued_on + timedelta(days=ctx.policy.days_until_due(on_autopay=False))
    return replace(draft, collection=Collection.INVOICE, card_label=None, due_on=due_on)


def collection_intents(policy: StudioPolicy, uow: UnitOfWork, invoice: Invoice) -> list[Intent]:
    """How the money is asked for: a charge with the client's consent, or a pay link to send; of nothing, not at all."""
    if not invoice.amount_due_minor:
        return []
    if invoice.collection is Collection.AUTOPAY:
        method = uow.payments.consent(invoice.client.client_id)
        if method is not None:
            return [charge_intent(policy, invoice, method)]
    return [pay_link_intent(invoice, invoice.amount_due_minor)]


def pay_link_intent(invoice: Invoice, amount_minor: int, why: str = "balance") -> Intent:
    """A page to pay this amount on: one for each balance that the invoice comes to."""
    parameters: dict[str, str | int | None] = {"amount_minor": amount_minor, "currency": invoice.currency}
    return Intent(EffectKind.PAY_LINK, why, invoice.invoice_id, parameters, occasion=str(amount_minor))


def keep_for_review(uow: UnitOfWork, draft: Invoice, now: datetime) -> None:
    uow.drafts.keep(draft, "waiting", now)


def _say_what_waits(ctx: Context) -> None:
    """More sessions than the daily limit leaves room for: a person may raise it. Closed when there is room for all."""
    with ctx.ledger.write() as uow:
        room, waiting = _room(ctx, uow), len(uow.sessions.in_state("due"))
        if waiting <= room:
            uow.tasks.resolve("limits", "limit_invoices", PIPELINE, ctx.now())
            return
        left = f"leaves room for {room} more today" if room else "is reached"
        sentence = (
            f"The daily limit of invoices {left} and {waiting} sessions wait; see whether that is right, then"
            " `billing approve --over-limit invoices`. Otherwise they go on tomorrow."
        )
        uow.tasks.raise_task("limits", "limit_invoices", sentence, ctx.now())
