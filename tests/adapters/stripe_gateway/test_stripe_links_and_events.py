"""Pay links, the account, and events as a cursor, against the sandbox."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.adapters.stripe_gateway.event_feed import KINDS
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus, ProviderEvent
from billing.ports.outside import PaymentGateway

if TYPE_CHECKING:
    from conftest import FarSide

AMOUNT = Money(15_000, "USD")
LIVE_KEY = "rk_live_sandbox"


def test_the_gateway_plays_the_role_of_the_port(gateway: StripeGateway) -> None:
    port: PaymentGateway = gateway

    assert port.name == "stripe"


def test_a_pay_link_is_paid_once_and_names_its_invoice(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    link = gateway.create_pay_link(invoice, AMOUNT, invoice.invoice_id)

    paid = far_side.order("pay", url=link.url)["payment_intent"]
    again = far_side.control.post("/admin/pay", json={"url": link.url})
    fact = gateway.read_payment(paid["id"])

    assert (fact.status, fact.amount, fact.invoice_id) == (PaymentStatus.SUCCEEDED, AMOUNT, invoice.invoice_id)
    assert paid["description"] == "Invoice INV-2026-0042"
    assert again.status_code == 409


def test_a_pay_link_asked_for_twice_is_one_link(gateway: StripeGateway, invoice: Invoice) -> None:
    first, second = (gateway.create_pay_link(invoice, AMOUNT, invoice.invoice_id) for _ in range(2))

    assert first == second


def test_a_closed_pay_link_takes_no_money_and_closing_it_again_changes_nothing(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    link = gateway.create_pay_link(invoice, AMOUNT, invoice.invoice_id)

    gateway.close_pay_link(link.link_id)
    gateway.close_pay_link(link.link_id)

    assert far_side.control.post("/admin/pay", json={"url": link.url}).status_code == 409


def test_a_pay_link_carries_the_statement_suffix_and_the_metadata_of_the_link_itself(
    far_side: FarSide, invoice: Invoice
) -> None:
    gateway = StripeGateway("sk_test_sandbox", api_base=far_side.url, statement_suffix="WEDDING")

    link = gateway.create_pay_link(invoice, AMOUNT, invoice.invoice_id)

    kept = far_side.store.get("stripe.payment_link", link.link_id)
    assert kept is not None
    assert kept["payment_intent_data"]["statement_descriptor_suffix"] == "WEDDING"
    assert kept["metadata"] == kept["payment_intent_data"]["metadata"] | {"effect_key": invoice.invoice_id}
    assert kept["metadata"]["invoice_number"] == "INV-2026-0042"


def test_a_lost_answer_to_a_pay_link_is_unknown_and_the_same_key_brings_the_link(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    far_side.order("faults", kind="truncate", path_prefix="/v1/payment_links")

    with pytest.raises(UnknownOutcomeError):
        gateway.create_pay_link(invoice, AMOUNT, invoice.invoice_id)
    link = gateway.create_pay_link(invoice, AMOUNT, invoice.invoice_id)

    links = far_side.store.newest("stripe.payment_link")
    assert [body["id"] for body in links if body["metadata"]["invoice_id"] == invoice.invoice_id] == [link.link_id]


def test_an_unknown_pay_link_cannot_be_closed(gateway: StripeGateway) -> None:
    with pytest.raises(PermanentError, match="No such payment_link: 'plink_none'"):
        gateway.close_pay_link("plink_none")


def test_the_account_tells_whose_it_is_and_in_which_mode(far_side: FarSide, gateway: StripeGateway) -> None:
    live = StripeGateway(LIVE_KEY, api_base=far_side.url)

    mine, theirs = gateway.account(), live.account()

    assert mine.account_id.startswith("acct_")
    assert (mine.name, mine.livemode, theirs.livemode) == ("Sandbox Studio", False, True)


def test_a_key_that_stripe_does_not_know_is_unauthorized_and_not_quoted(far_side: FarSide) -> None:
    gateway = StripeGateway("sk_wrong_4711", api_base=far_side.url)

    with pytest.raises(PermanentError) as refused:
        gateway.account()

    assert refused.value.code == "stripe_unauthorized"
    assert "4711" not in str(refused.value)


def pay_invoices(far_side: FarSide, gateway: StripeGateway, invoice: Invoice, count: int) -> list[str]:
    method = far_side.customer_with("pm_card_visa")
    payment_ids = []
    for number in range(count):
        key = f"{method.customer_id}-{number}"
        payment_ids.append(gateway.prepare_charge(invoice, AMOUNT, method, key))
        gateway.confirm_charge(payment_ids[-1], key)
    return payment_ids


def drained(gateway: StripeGateway, after: str | None, limit: int = 1000) -> list[ProviderEvent]:
    """All events after a cursor, `limit` at a time."""
    found: list[ProviderEvent] = []
    while True:
        events = gateway.new_events(found[-1].event_id if found else after, limit)
        if not events:
            return found
        assert len(events) <= limit
        found += events


def succeeded(events: list[ProviderEvent]) -> list[str | None]:
    return [event.payment_id for event in events if event.kind == "payment_intent.succeeded"]


def cursor_now(gateway: StripeGateway, far_side: FarSide, invoice: Invoice) -> str:
    pay_invoices(far_side, gateway, invoice, 1)
    return gateway.new_events(None, 10_000)[-1].event_id


def test_events_come_oldest_first_and_only_the_kinds_we_handle(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    cursor = cursor_now(gateway, far_side, invoice)
    link = gateway.create_pay_link(invoice, AMOUNT, invoice.invoice_id)
    payment_id = far_side.order("pay", url=link.url)["payment_intent"]["id"]
    far_side.order("refunds", payment_intent=payment_id, amount=500)
    far_side.order("disputes", payment_intent=payment_id, amount=1000)

    events = gateway.new_events(cursor, 100)

    kinds = [event.kind for event in events]
    assert kinds[:3] == ["charge.updated", "payment_intent.succeeded", "checkout.session.completed"]
    assert {"charge.refunded", "refund.created", "charge.dispute.created"} <= set(kinds) <= set(KINDS)
    assert {event.payment_id for event in events} == {payment_id}
    assert all(event.occurred_at.tzinfo is UTC for event in events)
    for event in events:
        body = json.loads(event.body)
        assert (body["id"], body["type"], body["data"]["object"]["id"]) == (event.event_id, event.kind, event.object_id)


def test_a_payout_is_about_no_single_payment(far_side: FarSide, gateway: StripeGateway, invoice: Invoice) -> None:
    cursor = cursor_now(gateway, far_side, invoice)
    far_side.order("payouts", include_pending=True)

    paid_out = [event for event in gateway.new_events(cursor, 100) if event.kind == "payout.paid"]

    assert paid_out  # one for each currency that earlier tests have left on the balance
    assert all(event.object_id.startswith("po_") and event.payment_id is None for event in paid_out)


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_no_event_is_skipped_or_doubled_whatever_the_limit(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice, limit: int
) -> None:
    cursor = cursor_now(gateway, far_side, invoice)
    payment_ids = pay_invoices(far_side, gateway, invoice, 5)

    events = drained(gateway, cursor, limit)

    assert succeeded(events) == payment_ids
    assert len({event.event_id for event in events}) == len(events)


def test_more_events_than_a_page_are_walked_through(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    cursor = cursor_now(gateway, far_side, invoice)
    payment_ids = pay_invoices(far_side, gateway, invoice, 110)

    events = gateway.new_events(cursor, 1000)

    assert succeeded(events) == payment_ids
    everything = [event.event_id for event in drained(gateway, None, 50)]
    assert everything[-len(events) :] == [event.event_id for event in events]
    assert len(set(everything)) == len(everything)


def test_a_cursor_that_is_no_longer_kept_starts_again_at_the_oldest(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    pay_invoices(far_side, gateway, invoice, 1)

    assert gateway.new_events("evt_of_last_year", 3) == gateway.new_events(None, 3)


def test_nothing_new_is_an_empty_list(far_side: FarSide, gateway: StripeGateway, invoice: Invoice) -> None:
    assert gateway.new_events(cursor_now(gateway, far_side, invoice), 10) == []


@pytest.mark.parametrize("after", [None, "evt_1"])
def test_events_that_cannot_be_read_are_asked_for_again_later(
    far_side: FarSide, gateway: StripeGateway, after: str | None
) -> None:
    far_side.order("faults", kind="500_before", path_prefix="/v1/events")

    with pytest.raises(TemporaryError):
        gateway.new_events(after, 10)


def test_a_limit_that_stripe_refuses_is_our_own_error(gateway: StripeGateway) -> None:
    with pytest.raises(PermanentError, match="limit"):
        gateway.new_events("evt_1", 0)


def test_we_ask_for_no_more_kinds_of_events_than_stripe_allows() -> None:
    assert len(set(KINDS)) == len(KINDS) <= 20


def test_all_is_asked_for_that_moves_money_or_gives_it_back() -> None:
    """Without one of these a refund from Stripe's own dashboard, say, would wait for the daily reconciliation."""
    dispute = ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"]
    assert set(KINDS) >= {
        *(f"payment_intent.{what}" for what in ("succeeded", "payment_failed", "processing", "canceled")),
        *(f"refund.{what}" for what in ("created", "updated", "failed")),
        *(f"charge.dispute.{what}" for what in dispute),
        *(f"payout.{what}" for what in ("paid", "failed", "canceled", "reconciliation_completed")),
        *("charge.refunded", "charge.updated"),
    }


def test_a_refund_that_failed_is_told_of_its_payment(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    [payment_id] = pay_invoices(far_side, gateway, invoice, 1)
    refund = far_side.order("refunds", payment_intent=payment_id, amount=500)
    cursor = gateway.new_events(None, 10_000)[-1].event_id
    far_side.order(f"refunds/{refund['id']}/fail")

    events = gateway.new_events(cursor, 10)

    assert [(event.kind, event.payment_id) for event in events] == [
        ("refund.updated", payment_id),
        ("refund.failed", payment_id),
    ]
