"""Reconciliation at the wire: a month of everything is clean to the cent, and a world tampered with is told apart."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import httpx
import pytest
from wire import Wire

from billing.adapters.ledger.checks import run_checks
from billing.bootstrap import SQL
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import TemporaryError
from billing.domain.payments import PayLink
from billing.domain.settlement_books import CLEARING
from billing.ports.ledger import InvoiceRow, PaymentRow
from billing.services.reconcile import Reconciled, reconcile, reconcile_all

CARD = {"number": "4242424242424242", "expiry": "12/40", "cvc": "737", "name": "A", "email": "a@client.example"}


def admin(wire: Wire, path: str, **given: Any) -> Any:
    """What no merchant can order: banks, disputes, somebody at Stripe's own dashboard."""
    answer = httpx.post(f"{wire.sandbox.url}/stripe/admin/{path}", json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def unpaid(wire: Wire) -> list[InvoiceRow]:
    with wire.ctx.ledger.read() as uow:
        return uow.invoices.unpaid()


def link_of(wire: Wire, row: InvoiceRow) -> PayLink | None:
    with wire.ctx.ledger.read() as uow:
        return uow.pay_links.newest_open(row.invoice.invoice_id)


def pay_on_page(wire: Wire, row: InvoiceRow) -> None:
    link = link_of(wire, row)
    assert link is not None
    assert httpx.post(link.url, data=CARD, follow_redirects=True).status_code == 200


def payments(wire: Wire) -> list[PaymentRow]:
    with wire.ctx.ledger.read() as uow:
        return uow.payments.recorded_since("stripe", wire.clock.now().replace(year=2000))


def told(done: Reconciled) -> list[tuple[str, int | None, int | None]]:
    return sorted((one.cause, one.ledger_minor, one.outside_minor) for one in done.differences)


def balances(wire: Wire) -> tuple[dict[str, int], dict[str, int]]:
    with wire.ctx.ledger.read() as uow:
        here = uow.journal.balances(CLEARING)
    return here, {amount.currency: amount.minor for amount in wire.ctx.gateway.balance() if amount}


@pytest.fixture
def lived(wire: Wire) -> Wire:
    """Autopay, pages, a refund at Stripe, a dispute that is lost and one that is won, and a payout."""
    with closing(World(wire.sandbox.url)) as world:
        assert save_cards(wire.ctx, world, wire.plan) == 1
    wire.converge()
    with wire.ctx.ledger.read() as uow:
        assert len(uow.effects.in_state(EffectState.DONE, EffectKind.CHARGE)) == 2
    for row in unpaid(wire)[:6]:
        pay_on_page(wire, row)
    wire.converge()
    paid = sorted(payments(wire), key=lambda payment: payment.amount.minor)[-4:]
    admin(wire, "refunds", payment_intent=paid[0].provider_object_id, amount=1_234)
    lost = admin(wire, "disputes", payment_intent=paid[1].provider_object_id)
    won = admin(wire, "disputes", payment_intent=paid[2].provider_object_id)
    wire.converge()
    admin(wire, f"disputes/{lost['id']}/lose")
    admin(wire, f"disputes/{won['id']}/win")
    admin(wire, "payouts", include_pending=True)
    admin(wire, "refunds", payment_intent=paid[3].provider_object_id, amount=500)
    wire.converge()
    return wire


def test_autopay_pages_refunds_disputes_and_payouts_are_clean_to_the_cent(lived: Wire) -> None:
    done = reconcile(lived.ctx, "stripe")

    assert done.is_clean, [one.sentence for one in done.differences]
    here, there = balances(lived)
    assert here == there == {"EUR": -500}  # all was paid out, and then a client got 5.00 EUR back
    assert reconcile(lived.ctx, "galleries").is_clean
    assert {cause for cause, _, _ in told(reconcile(lived.ctx, "vsco"))} == {"refund_not_there"}
    again = [reconcile(lived.ctx, scope) for scope in ("stripe", "vsco", "galleries")]
    assert [(one.mended, one.opened, one.closed) for one in again] == [(0, 0, 0)] * 3
    broken = [one.name for one in run_checks(lived.ctx.ledger.engine, SQL, now=lived.clock.now()) if not one.holds]
    assert broken == []


def test_a_refund_whose_events_were_lost_is_booked_and_is_to_be_entered_at_the_booking_system(lived: Wire) -> None:
    before = {one.subject_id for one in reconcile(lived.ctx, "vsco").differences}
    payment = next(one for one in payments(lived) if one.payment_id not in before)
    assert reconcile(lived.ctx, "stripe").is_clean
    admin(lived, "refunds", payment_intent=payment.provider_object_id, amount=2_500)
    for event in lived.sandbox.store.newest("stripe.event"):
        lived.sandbox.store.delete("stripe.event", event["id"])

    done = reconcile(lived.ctx, "stripe")

    assert (done.is_clean, done.mended) == (True, 1)
    here, there = balances(lived)
    assert here == there == {"EUR": -3_000}
    new = [one for one in reconcile(lived.ctx, "vsco").differences if one.subject_id not in before]
    assert [(one.cause, one.ledger_minor, one.outside_minor) for one in new] == [("refund_not_there", 2_500, 0)]


def test_a_payment_deleted_at_the_booking_system_is_told_with_its_amount(lived: Wire) -> None:
    before = {one.subject_id for one in reconcile(lived.ctx, "vsco").differences}
    payment = next(one for one in payments(lived) if one.payment_id not in before)
    store = lived.sandbox.store
    written = next(body for body in store.newest("vsco.payment") if body["transactionId"] == payment.provider_object_id)
    orders = store.newest("vsco.order", written["jobId"])
    store.delete("vsco.payment", written["id"])
    for order in orders:
        kept = [part for part in order["paymentAllocations"] if part["paymentId"] != written["id"]]
        store.put("vsco.order", order["id"], {**order, "paymentAllocations": kept}, written["jobId"])

    done = reconcile(lived.ctx, "vsco")

    [one] = [one for one in done.differences if one.subject_id not in before]
    assert (one.cause, one.subject_id) == ("payment_not_there", payment.payment_id)
    assert (one.ledger_minor, one.outside_minor) == (payment.amount.minor, None)
    store.put("vsco.payment", written["id"], written, written["jobId"])
    for order in orders:
        store.put("vsco.order", order["id"], order, written["jobId"])
    assert reconcile(lived.ctx, "vsco").closed == 1


def test_a_payment_of_an_invoice_that_is_in_no_books_is_told_and_explains_the_balance(lived: Wire) -> None:
    pay_on_page(lived, next(row for row in unpaid(lived) if link_of(lived, row)))
    newest = lived.sandbox.store.newest("stripe.payment_intent")[0]
    lived.sandbox.store.put(
        "stripe.payment_intent", newest["id"], {**newest, "metadata": {"invoice_id": "inv_of_other_books"}}
    )

    done = reconcile(lived.ctx, "stripe")

    assert told(done) == [("payment_missing_here", None, newest["amount"])]  # and no second row for the balance


def test_stripe_down_is_never_all_is_well(lived: Wire) -> None:
    first = reconcile(lived.ctx, "stripe")
    httpx.post(f"{lived.sandbox.url}/stripe/admin/faults", json={"kind": "500_before", "times": 50})

    with pytest.raises(TemporaryError):
        reconcile_all(lived.ctx)

    with lived.ctx.ledger.read() as uow:
        assert uow.operations.last_reconciliation("stripe") == first.reconciliation
