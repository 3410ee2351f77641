"""Refunds and disputes at the wire: made at Stripe or from here, and the books agree with Stripe's balance."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from wire import Wire

from billing.adapters.ledger.checks import run_checks
from billing.bootstrap import SQL
from billing.ports.ledger import InvoiceRow
from billing.services.commands.carry_out import submit


def at_stripe(wire: Wire, path: str, **given: Any) -> Any:
    """What only a bank, a client or somebody in Stripe's dashboard does."""
    answer = httpx.post(f"{wire.sandbox.url}/stripe/admin/{path}", json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def go_on(wire: Wire) -> None:
    for _ in range(2):
        assert wire.round() == []


@pytest.fixture
def paid(wire: Wire) -> tuple[Wire, str, str]:
    """An invoice that its client has paid by link, with the number of the invoice and the id of the payment."""
    go_on(wire)
    with wire.ctx.ledger.read() as uow:
        row = next(row for row in uow.invoices.unpaid() if uow.pay_links.newest_open(row.invoice.invoice_id))
        link = uow.pay_links.newest_open(row.invoice.invoice_id)
    assert link is not None
    at_stripe(wire, "pay", payment_link=link.link_id)
    go_on(wire)
    invoice = found(wire, str(row.invoice.number))
    assert invoice.balance_minor == 0
    with wire.ctx.ledger.read() as uow:
        [payment] = uow.payments.of_invoice(invoice.invoice.invoice_id)
    return wire, str(row.invoice.number), payment.provider_object_id


def found(wire: Wire, number: str) -> InvoiceRow:
    with wire.ctx.ledger.read() as uow:
        row = uow.invoices.by_number(number)
    assert row is not None
    return row


def agrees_with_stripe(wire: Wire) -> None:
    broken = [c.name for c in run_checks(wire.ctx.ledger.engine, SQL, now=wire.clock.now()) if not c.holds]
    assert broken == []
    at_stripe_now = {amount.currency: amount.minor for amount in wire.ctx.gateway.balance() if amount}
    with wire.ctx.ledger.read() as uow:
        assert uow.journal.balances("stripe_clearing") == at_stripe_now


def test_a_refund_in_the_dashboard_is_in_the_books(paid: tuple[Wire, str, str]) -> None:
    wire, number, payment_id = paid
    at_stripe(wire, "refunds", payment_intent=payment_id, amount=1_000)
    at_stripe(wire, "refunds", payment_intent=payment_id, amount=500)
    go_on(wire)

    assert found(wire, number).balance_minor == 1_500
    agrees_with_stripe(wire)


def test_a_refund_from_here_is_made_once_and_asks_for_nothing(paid: tuple[Wire, str, str]) -> None:
    wire, number, _ = paid
    arguments = {"number": number, "amount_minor": 1_000}
    submit(wire.ctx.ledger, "refund", arguments, "olga", "cut short", wire.clock.now())
    go_on(wire)

    assert found(wire, number).balance_minor == 0
    [refund] = wire.sandbox.store.effects("stripe.refund")
    assert refund["detail"]["amount"] == 1_000
    agrees_with_stripe(wire)


@pytest.mark.parametrize("verb", ["win", "lose"])
def test_a_dispute_is_held_apart_and_ends(paid: tuple[Wire, str, str], verb: str) -> None:
    wire, number, payment_id = paid
    dispute = at_stripe(wire, "disputes", payment_intent=payment_id)
    go_on(wire)
    with wire.ctx.ledger.read() as uow:
        assert uow.journal.balance("disputed", dispute["id"]) == dispute["amount"]
        assert "dispute_open" in {item.code for item in uow.tasks.open_tasks()}
    agrees_with_stripe(wire)

    at_stripe(wire, f"disputes/{dispute['id']}/{verb}")
    go_on(wire)

    assert found(wire, number).balance_minor == (dispute["amount"] if verb == "lose" else 0)
    with wire.ctx.ledger.read() as uow:
        assert uow.journal.balance("disputed", dispute["id"]) == 0
    agrees_with_stripe(wire)
