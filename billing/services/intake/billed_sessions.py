"""A session that was billed and is read again: what was billed may have changed, and something new may be to bill."""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain.errors import BillingError, PermanentError, TemporaryError
from billing.domain.events import PIPELINE
from billing.domain.pricing import check_order, price_order
from billing.domain.sessions import Order
from billing.ports.ledger import SessionRow, UnitOfWork
from billing.ports.outside import RawRecord
from billing.services.collections.addresses import note_booked
from billing.services.context import Context
from billing.services.invoicing.changed_orders import Change, open_changes, tell_changes
from billing.services.invoicing.order_standing import Way, standing_of

UNREADABLE = "billed_session_unreadable"


def note_changes(ctx: Context, uow: UnitOfWork, session: SessionRow, shared: Sequence[RawRecord]) -> None:
    """Compare the orders of a session with its invoices; an order that is new makes a billed one due again.

    One that is due already, or set aside, is compared too: what it has billed may change while it waits.
    """
    now, session_id = ctx.now(), session.session_id
    try:
        facts = ctx.source.read_session(uow.records.of_job(session.source, session.job_id), shared)
    except TemporaryError:
        raise  # the ledger itself
    except Exception as error:
        if session.state == "billed":  # else it is told as it is billed
            why = error.sentence if isinstance(error, BillingError) else f"({type(error).__name__}: {error})"
            sentence = f"Whether billed job {session.job_id} has changed cannot be read; look at it there. {why}"
            uow.tasks.raise_task(session_id, UNREADABLE, sentence, now)
        return
    uow.tasks.resolve(session_id, UNREADABLE, PIPELINE, now)
    note_booked(ctx, uow, session, facts.client)
    tell_changes(ctx, uow, session_id, facts.orders)
    changes = open_changes(uow, session_id, facts.orders)
    if session.state == "billed" and any(_is_new(uow, session, order, changes) for order in facts.orders):
        uow.sessions.wake(session_id, "due", "a new order", session.completed_on or ctx.today(), now)


def _is_new(uow: UnitOfWork, session: SessionRow, order: Order, changes: Sequence[Change]) -> bool:
    """An order that was never billed or drafted here, and can be billed as it is, or belongs to another session."""
    drafts = uow.drafts.of_session(session.session_id)
    is_drafted = any(draft.invoice.part == order.order_id for draft in drafts)
    if is_drafted or standing_of(uow, session, order, changes).way is Way.NOT_AGAIN:
        return False
    try:
        check_order(order, price_order(order))
    except PermanentError:
        return False
    return True
