"""From the facts of one completed session to draft invoices: one for each order that has something to bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from billing.domain import canonical
from billing.domain.errors import BillingError, NeedsAttention, PermanentError
from billing.domain.invoices import BilledClient, BilledSession, Collection, Invoice, page_size_for
from billing.domain.money import Money
from billing.domain.payments import SavedMethod
from billing.domain.policy import decide_collection
from billing.domain.pricing import PricedOrder, check_client, check_order, price_order
from billing.domain.sessions import Order, SessionFacts
from billing.ports.ledger import SessionRow, UnitOfWork
from billing.ports.outside import RawRecord
from billing.services.context import Context
from billing.services.invoicing.changed_orders import open_changes
from billing.services.invoicing.order_standing import Way, standing_of


@dataclass(frozen=True, slots=True)
class Drafted:
    """What billing this session comes to: invoices to be made, and what is set aside, each with its sentence.

    `for_a_person`: why an invoice waits as a draft, whatever the studio's policy is; by invoice id.
    """

    facts: SessionFacts | None
    invoices: tuple[Invoice, ...]
    set_aside: tuple[PermanentError, ...]
    record_horizon: int = 0
    for_a_person: Mapping[str, str] = field(default_factory=dict)


def draft_session(ctx: Context, session: SessionRow, shared: Sequence[RawRecord]) -> Drafted:
    """Price one session from what the ledger knows of it. Writes nothing."""
    with ctx.ledger.read() as uow:
        records = uow.records.of_job(session.source, session.job_id)
        return _drafted(ctx, uow, session, records, shared)


def draft_from_records(
    ctx: Context, session: SessionRow, records: Sequence[RawRecord], shared: Sequence[RawRecord]
) -> Drafted:
    """Price one session from records at hand that the ledger need not have. Writes nothing."""
    with ctx.ledger.read() as uow:
        return _drafted(ctx, uow, session, records, shared)


def _drafted(
    ctx: Context, uow: UnitOfWork, session: SessionRow, records: Sequence[RawRecord], shared: Sequence[RawRecord]
) -> Drafted:
    horizon = uow.records.horizon()
    try:
        facts = ctx.source.read_session(records, shared)
        check_client(facts.client)
        drafted = _draft_orders(ctx, uow, session, facts)
    except PermanentError as error:
        return Drafted(None, (), (error,), horizon)
    except BillingError:
        raise  # the ledger's own trouble, and no fault of this session
    except Exception as error:
        return Drafted(None, (), (unforeseen(session, error),), horizon)
    return replace(drafted, record_horizon=horizon)


def unforeseen(session: SessionRow, error: Exception) -> NeedsAttention:
    """One session that nobody thought of must not keep the others from being billed."""
    sentence = (
        f"Session {session.name} cannot be billed ({type(error).__name__}: {error}); look at job {session.job_id}."
    )
    return NeedsAttention("unexpected", sentence)


def invoice_id_of(session_id: str, part: str, revision: int) -> str:
    return canonical.derived_id("inv", session_id, part, str(revision))


def _draft_orders(ctx: Context, uow: UnitOfWork, session: SessionRow, facts: SessionFacts) -> Drafted:
    if not facts.orders:
        sentence = f"Job {facts.job.name} has no order; add the order in VSCO Workspace, it is then billed by itself."
        return Drafted(facts, (), (NeedsAttention("no_order", sentence),))
    consent = uow.payments.consent(facts.client.client_id)
    changes = open_changes(uow, session.session_id, facts.orders)
    invoices: list[Invoice] = []
    for_a_person: dict[str, str] = {}
    problems: list[PermanentError] = []
    asking_nothing: list[PermanentError] = []  # of anybody, beside an order that is billed
    billed_before = False
    for order in facts.orders:
        standing = standing_of(uow, session, order, changes)
        if standing.way is Way.NOT_AGAIN:
            billed_before = True
            continue
        try:
            priced = price_order(order)
            check_order(order, priced)
            if priced.amount_due_minor:
                # Before it has a number: what nobody can pay could be neither sent nor taken back without a trace.
                ctx.gateway.check_amount(Money(priced.amount_due_minor, order.currency))
            draft = _draft(ctx, session, facts, order, priced, consent)
            ctx.renderer.check_printable(draft)  # nor what could not be sent, because no font has a letter of it
        except PermanentError as error:
            (asking_nothing if _asks_nothing(order, error) else problems).append(error)
            continue
        if standing.way is Way.NOT_HERE:
            problems.append(standing.task)
            continue
        invoices.append(draft)
        if standing.way is Way.BY_A_PERSON:
            for_a_person[draft.invoice_id] = standing.why
    problems += [] if invoices or billed_before else asking_nothing
    return Drafted(facts, tuple(invoices), tuple(problems), for_a_person=for_a_person)


def _asks_nothing(order: Order, error: PermanentError) -> bool:
    """A voided order, or a present; one that was paid too much is asked about beside any other."""
    return error.code == "order_voided" or (error.code == "zero_balance" and not order.total)


def _draft(
    ctx: Context,
    session: SessionRow,
    facts: SessionFacts,
    order: Order,
    priced: PricedOrder,
    consent: SavedMethod | None,
) -> Invoice:
    policy, today = ctx.policy, ctx.today()
    is_paid = priced.amount_due_minor == 0
    collection = decide_collection(facts.collection_preference, None if is_paid else consent)
    on_autopay = collection is Collection.AUTOPAY
    return Invoice(
        invoice_id=invoice_id_of(session.session_id, order.order_id, 1),  # another one of an order is made by hand
        number=None,
        session_id=session.session_id,
        part=order.order_id,
        order_number=order.number,
        currency=order.currency,
        issued_on=today,
        due_on=today + timedelta(days=0 if is_paid else policy.days_until_due(on_autopay)),
        language=facts.client.language or policy.default_language,
        page_size=page_size_for(facts.client.country or policy.studio.country),
        studio=policy.studio,
        client=_billed_client(facts),
        session=_billed_session(ctx, facts),
        lines=priced.lines,
        subtotal_minor=priced.subtotal_minor,
        pre_tax_discount_minor=priced.pre_tax_discount_minor,
        taxes=priced.taxes,
        after_tax_discount_minor=priced.after_tax_discount_minor,
        total_minor=priced.total_minor,
        deductions=priced.deductions,
        amount_due_minor=priced.amount_due_minor,
        collection=collection,
        card_label=consent.label if on_autopay and consent else None,
    )


def _billed_client(facts: SessionFacts) -> BilledClient:
    client = facts.client
    return BilledClient(
        client.client_id, client.name, client.emails, client.address_lines, client.country, client.company
    )


def _billed_session(ctx: Context, facts: SessionFacts) -> BilledSession:
    starts_at = facts.session_starts_at
    return BilledSession(
        job_id=facts.job.job_id,
        name=facts.job.name,
        session_on=facts.session_on or (ctx.policy.day_of(starts_at) if starts_at else facts.job.fulfilled_on),
        place=facts.place,
        photographer=facts.photographer,
    )
