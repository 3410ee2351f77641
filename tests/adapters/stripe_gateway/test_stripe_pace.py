"""Every request to Stripe waits for its turn, and a 429 slows everybody down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.errors import TemporaryError
from billing.domain.invoices import Invoice
from billing.domain.money import Money

if TYPE_CHECKING:
    from conftest import FarSide, Stub

DUE = Money(500, "USD")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Counted:
    """Counts turns; `closed` lets nobody through."""

    turns: int = 0
    pauses: list[int | None] = field(default_factory=list)
    closed: bool = False

    def wait(self) -> None:
        if self.closed:
            raise TemporaryError("rate_limited", "Stripe has asked for a pause; nothing was sent.", 7)
        self.turns += 1

    def slow_down(self, seconds: int | None) -> None:
        self.pauses.append(seconds)


EVERY_CALL: list[Callable[[StripeGateway, Invoice, FarSide], object]] = [
    lambda gateway, invoice, far: gateway.account(),
    lambda gateway, invoice, far: gateway.create_pay_link(invoice, DUE, "k"),
    lambda gateway, invoice, far: gateway.find_pay_link("inv", "k"),
    lambda gateway, invoice, far: gateway.close_pay_link("plink_1"),
    lambda gateway, invoice, far: gateway.prepare_charge(invoice, DUE, far.customer_with("pm_card_visa"), "k"),
    lambda gateway, invoice, far: gateway.confirm_charge("pi_1", "k"),
    lambda gateway, invoice, far: gateway.cancel_charge("pi_1"),
    lambda gateway, invoice, far: gateway.read_payment("pi_1"),
    lambda gateway, invoice, far: gateway.find_charges("cus_1", "k"),
    lambda gateway, invoice, far: gateway.read_story("pi_1"),
    lambda gateway, invoice, far: gateway.refund("pi_1", DUE, "", "k"),
    lambda gateway, invoice, far: gateway.find_refunds("pi_1", "k"),
    lambda gateway, invoice, far: gateway.read_payout("po_1"),
    lambda gateway, invoice, far: list(gateway.payouts_since(LONG_AGO)),
    lambda gateway, invoice, far: list(gateway.movements_since(LONG_AGO)),
    lambda gateway, invoice, far: gateway.balance(),
    lambda gateway, invoice, far: gateway.new_events(None, 10),
]


@pytest.mark.parametrize("call", EVERY_CALL)
def test_no_call_goes_out_before_its_turn(
    stub: Stub, far_side: FarSide, invoice: Invoice, call: Callable[..., object]
) -> None:
    """Where the pace lets nobody through, nothing reaches the wire, and the caller knows that nothing was done."""
    gateway = stub.gateway(pace=Counted(closed=True))

    with pytest.raises(TemporaryError) as later:
        call(gateway, invoice, far_side)

    assert (later.value.code, later.value.retry_after_seconds) == ("rate_limited", 7)
    assert stub.asked == []


def test_each_request_takes_one_turn_each_page_too(stub: Stub) -> None:
    page = {"object": "list", "url": "/v1/payment_links", "has_more": True}
    link = {"object": "payment_link", "id": "plink_1", "url": "u", "metadata": {}}
    stub.will_answer({**page, "data": [link]})
    stub.will_answer({**page, "data": [{**link, "id": "plink_2"}], "has_more": False})
    pace = Counted()

    assert stub.gateway(pace=pace).find_pay_link("inv", "k") is None

    assert pace.turns == len(stub.asked) == 2


@pytest.mark.parametrize(("header", "seconds"), [({"Retry_After": "12"}, 12), ({}, None), ({"Retry_After": "x"}, None)])
def test_a_429_slows_everybody_down(stub: Stub, header: dict[str, str], seconds: int | None) -> None:
    error = {"error": {"type": "invalid_request_error", "message": "slow", "code": "rate_limit"}}
    stub.will_answer(error, 429, **header)
    pace = Counted()

    with pytest.raises(TemporaryError):
        stub.gateway(pace=pace).read_payment("pi_1")

    assert pace.pauses == [seconds]


@pytest.mark.parametrize("status", [400, 402, 409, 500, 503])
def test_no_other_answer_does(stub: Stub, status: int) -> None:
    stub.will_answer({"error": {"type": "api_error", "message": "?"}}, status, Retry_After="5")
    pace = Counted()

    with pytest.raises(Exception, match="Stripe"):
        stub.gateway(pace=pace).read_payment("pi_1")

    assert pace.pauses == []


def test_the_sdks_other_ways_to_the_wire_are_closed(stub: Stub) -> None:
    from billing.adapters.stripe_gateway.paced_client import PacedClient

    client = PacedClient(httpx.Timeout(1), Counted())

    for way in (client.request_async, client.request_stream_async):
        with pytest.raises(NotImplementedError):
            asyncio.run(way("get", stub.url, {}))
    with pytest.raises(NotImplementedError):
        client.request_stream("get", stub.url, {})
    assert stub.asked == []
