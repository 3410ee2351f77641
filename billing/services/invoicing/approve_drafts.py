"""Approving drafts: a person says yes to exactly what they saw, and it is finalized if the order is still that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from billing.domain import canonical
from billing.domain.errors import BillingError, PermanentError
from billing.domain.events import PIPELINE
from billing.domain.invoices import Invoice
from billing.domain.sessions import Order
from billing.ports.ledger import DraftRow, SessionRow, UnitOfWork
from billing.services.context import Context
from billing.services.intake.observe_sessions import shared_records
from billing.services.intake.session_records import read_now
from billing.services.invoicing.changed_orders import (
    DRAFT_WAITS,
    ORDER_CHANGED,
    open_changes,
    retell,
    tell_changes,
    told_changes,
)
from billing.services.invoicing.draft_invoices import Drafted, draft_session
from billing.services.invoicing.issue_invoices import finalize_invoice, keep_for_review
from billing.services.invoicing.order_standing import BILLED_ELSEWHERE, look_at_others_again, standing_of
from billing.services.safety.after_restore import PERHAPS_BILLED
from billing.services.safety.clock_set_back import check_day
from billing.services.safety.limits import room_in

_OVER_LIMIT = (
    "The daily limit of invoices is reached and drafts wait; see whether that is right, then"
    " `billing approve --over-limit invoices`, and approve them again. Tomorrow there is room again."
)

_BY = "finalized_by_command:"


def seen_as(invoice: Invoice) -> str:
    """A hash that tells this state of a draft from any other; its dates do not count: they follow the approval."""
    return canonical.sha256(canonical.dumps(replace(invoice, issued_on=date.min, due_on=date.min)))


def seen_text(seen: Mapping[str, str]) -> str:
    """Drafts and how they were seen, as the argument of the command `approve`."""
    return " ".join(f"{invoice_id}@{state}" for invoice_id, state in seen.items())


def seen_of(text: str) -> dict[str, str]:
    """What `seen_text` wrote. A draft without the state in which it was seen has not been looked at."""
    pairs = [part.partition("@") for part in text.split()]
    unseen = [invoice_id for invoice_id, _, state in pairs if not state]
    if unseen:
        sentence = f"{unseen[0]} must be looked at before it is approved; `billing approve` shows it."
        raise PermanentError("not_looked_at", sentence)
    return {invoice_id: state for invoice_id, _, state in pairs}


def to_know_of(uow: UnitOfWork, drafts: Sequence[DraftRow]) -> list[str]:
    """What is asked about these drafts, or about what was billed of their sessions; to be read before they go out."""
    session_ids = {draft.invoice.session_id for draft in drafts}
    about = session_ids | {draft.invoice.invoice_id for draft in drafts}
    known = []
    for item in uow.tasks.open_tasks():
        row = uow.invoices.get(item.subject_id) if item.code == ORDER_CHANGED else None
        is_of_draft = item.code in (DRAFT_WAITS, PERHAPS_BILLED) and item.subject_id in about
        if is_of_draft or (row is not None and row.invoice.session_id in session_ids):
            known.append(item.sentence)
    return known


def approve_draft(ctx: Context, invoice_id: str, seen: str, actor: str, command_id: int) -> Invoice:
    """Finalize a draft as a person has seen it. If it or its order has changed since, it is renewed and refused.

    So it is once where what was billed of its session turns out to have changed meanwhile: the draft may be part of it.
    A command that has finalized it already, and could not say so because of a crash, gets the same invoice.
    """
    with ctx.ledger.read() as uow:
        finalized = _finalized_by(uow, invoice_id, command_id)
    if finalized:
        return finalized
    with ctx.ledger.read() as uow:
        check_day(ctx, uow)
    waiting, session, told = _waiting(ctx, invoice_id)
    if seen_as(waiting.invoice) != seen:
        raise _changed(f"Draft {invoice_id} has changed since you looked")
    drafted = _drafted_now(ctx, session, invoice_id)
    with ctx.ledger.write() as uow:
        if finalized := _finalized_by(uow, invoice_id, command_id):
            return finalized  # another worker carries out the same command
        current = uow.drafts.get(invoice_id)
        if current is None or current.state != "waiting" or seen_as(current.invoice) != seen:
            raise _changed(f"Draft {invoice_id} was decided or renewed just now")
        refusal = _why_not(ctx, uow, session, current, drafted, told)
        if refusal is None:
            return _finalize(ctx, uow, session, current, drafted, actor, command_id)
    raise refusal


def discard_draft(ctx: Context, uow: UnitOfWork, invoice_id: str, actor: str, reason: str) -> str:
    """A person decides against a draft: its order is not billed. The session lives on by its other invoices, if any."""
    now, draft = ctx.now(), uow.drafts.get(invoice_id)
    if draft is None or draft.state != "waiting":
        raise _no_such_draft(invoice_id)
    session_id = draft.invoice.session_id
    uow.drafts.decide(invoice_id, "discarded", actor, now)
    uow.tasks.resolve(invoice_id, DRAFT_WAITS, actor, now)
    others = [row for row in uow.invoices.of_session(session_id) if not row.is_void]
    if others or any(other.state == "waiting" for other in uow.drafts.of_session(session_id)):
        uow.tasks.resolve(session_id, PERHAPS_BILLED, actor, now)
        retell(ctx, uow, session_id)
    else:
        uow.sessions.settle(session_id, "excluded", reason, now)
        uow.tasks.resolve(session_id, None, actor, now)
    look_at_others_again(uow, now)
    return f"Discarded draft {invoice_id}."


def _finalized_by(uow: UnitOfWork, invoice_id: str, command_id: int) -> Invoice | None:
    if uow.records.cursor(_BY + invoice_id) != str(command_id):
        return None
    return uow.invoices.require(invoice_id).invoice


def _waiting(ctx: Context, invoice_id: str) -> tuple[DraftRow, SessionRow, set[str]]:
    """The draft, its session, and which changes of what was billed of it a person could know of by now."""
    with ctx.ledger.read() as uow:
        draft = uow.drafts.get(invoice_id)
        session = uow.sessions.get(draft.invoice.session_id) if draft else None
        told = told_changes(uow, session.session_id) if session else set()
    if draft is None or session is None or draft.state != "waiting":
        raise _no_such_draft(invoice_id)
    return draft, session, told


def _no_such_draft(invoice_id: str) -> PermanentError:
    return PermanentError("no_such_draft", f"No draft {invoice_id} waits; `billing approve` lists those that do.")


def _drafted_now(ctx: Context, session: SessionRow, invoice_id: str) -> Drafted:
    """What it comes to by the booking system's word of this moment."""
    try:
        shared = shared_records(ctx)
        read_now(ctx, session, shared)
    except BillingError as error:
        stays = f"{error.sentence} Draft {invoice_id} is not approved and stays; approve it again when this is over."
        raise PermanentError(error.code, stays) from error
    return draft_session(ctx, session, shared)


def _why_not(
    ctx: Context, uow: UnitOfWork, session: SessionRow, current: DraftRow, drafted: Drafted, told: set[str]
) -> PermanentError | None:
    """What stands against finalizing it now, with what follows from that; None if nothing does."""
    invoice_id = current.invoice.invoice_id
    fresh = _fresh(drafted, invoice_id)
    changes = open_changes(uow, session.session_id, _orders(drafted))
    if fresh is not None:
        order = next(order for order in _orders(drafted) if order.order_id == fresh.part)
        standing = standing_of(uow, session, order, changes)
        fresh = fresh if standing.is_open else None
        unseen = next((change for change in changes if change.event_id not in told), None)
        if fresh is not None and unseen is not None:
            tell_changes(ctx, uow, session.session_id, _orders(drafted))
            return _changed(f"Draft {invoice_id} may be part of what was billed: {unseen.in_words}")
    if fresh is None or seen_as(fresh) != seen_as(current.invoice):
        _renew(ctx, uow, session, invoice_id, fresh)
        elsewhere = next((error for error in drafted.set_aside if error.code == BILLED_ELSEWHERE), None)
        return elsewhere or _changed(f"The order behind draft {invoice_id} has changed since you looked")
    if not _has_room(ctx, uow, current):
        refusal = PermanentError("limit_invoices", _OVER_LIMIT)
        uow.tasks.raise_task("limits", refusal.code, refusal.sentence, ctx.now())
        return refusal
    return None


def _finalize(
    ctx: Context, uow: UnitOfWork, session: SessionRow, current: DraftRow, drafted: Drafted, actor: str, command_id: int
) -> Invoice:
    invoice_id, now = current.invoice.invoice_id, ctx.now()
    fresh = _fresh(drafted, invoice_id)
    assert fresh is not None  # `_why_not` has looked
    uow.drafts.decide(invoice_id, "finalized", actor, now)
    uow.tasks.resolve(invoice_id, DRAFT_WAITS, actor, now)
    uow.records.move_cursor(_BY + invoice_id, str(command_id), now)
    invoice = finalize_invoice(ctx, uow, session, fresh, drafted.record_horizon, actor)
    retell(ctx, uow, session.session_id)
    look_at_others_again(uow, now)
    return invoice


def _fresh(drafted: Drafted, invoice_id: str) -> Invoice | None:
    return next((draft for draft in drafted.invoices if draft.invoice_id == invoice_id), None)


def _orders(drafted: Drafted) -> tuple[Order, ...]:
    return drafted.facts.orders if drafted.facts else ()


def _changed(what: str) -> PermanentError:
    return PermanentError("draft_changed", f"{what}; look at it once more with `billing approve`.")


def _has_room(ctx: Context, uow: UnitOfWork, draft: DraftRow) -> bool:
    """A draft of today counts among today's invoices already; an older one needs room among them."""
    since = ctx.policy.day_starts_at(ctx.now())
    return draft.created_at >= since or room_in(ctx, uow, "invoices", uow.invoices.made_since(since)) > 0


def _renew(ctx: Context, uow: UnitOfWork, session: SessionRow, invoice_id: str, fresh: Invoice | None) -> None:
    if fresh is None:
        uow.drafts.decide(invoice_id, "discarded", PIPELINE, ctx.now())
        uow.tasks.resolve(invoice_id, DRAFT_WAITS, PIPELINE, ctx.now())
        uow.sessions.settle(session.session_id, "due", None, ctx.now())
    else:
        keep_for_review(uow, fresh, ctx.now())
