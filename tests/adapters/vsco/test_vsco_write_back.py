"""Payments that go back to VSCO Workspace, and looking first whether they have gone before."""

from __future__ import annotations

import json
from datetime import date

import httpx
import pytest
from vsco_records import JOB, ORDER, PAYMENT, allocation, payment, studio, ulid, workspace

from billing.domain.errors import PermanentError, UnknownOutcomeError
from billing.domain.money import Money

ON = date(2026, 3, 5)


class Desk:
    """A line that keeps what was written to it."""

    def __init__(self, currency: str = "EUR", answer: dict | None = None) -> None:
        self.written: list[tuple[str, dict]] = []
        self._studio, self._answer = studio(currencyCode=currency), payment() if answer is None else answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=self._studio)
        self.written.append((request.url.path, json.loads(request.content)))
        return httpx.Response(201, json=self._answer)


def test_a_payment_is_written_as_posted():
    desk = Desk()

    written = workspace(desk).record_payment(JOB, "pi_1", Money(12_345, "EUR"), ON, "Card ending 4242")

    body = {"jobId": JOB, "amount": 12_345, "status": "posted", "transactionId": "pi_1", "received": "2026-03-05"}
    assert desk.written == [("/api/v2/payment", {**body, "memo": "Card ending 4242"})]
    assert written == PAYMENT


def test_a_memo_is_one_line_of_at_most_128_characters():
    desk = Desk()

    workspace(desk).record_payment(JOB, "pi_1", Money(1, "EUR"), ON, "Paid\nby card " + "x" * 200)

    memo = desk.written[0][1]["memo"]
    assert len(memo) == 128
    assert memo.startswith("Paid by card x")


@pytest.mark.parametrize(
    ("currency", "scale", "minor", "wire"),
    [
        ("EUR", "cents", 12_345, 12_345),
        ("EUR", "units", 12_300, 123),
        ("JPY", "cents", 39_000, 39_000),
        ("JPY", "units", 39_000, 39_000),
        ("KWD", "cents", 12_345, 12_345),
        ("KWD", "units", 12_000, 12),
    ],
)
def test_money_is_written_at_the_scale_of_the_wire(currency, scale, minor, wire):
    desk = Desk(currency)
    vsco = workspace(desk, money_scale=scale)

    vsco.record_payment(JOB, "pi_1", Money(minor, currency), ON, "")
    vsco.apply_payment(PAYMENT, ORDER, Money(minor, currency))

    assert desk.written[0][1]["amount"] == wire
    assert desk.written[1] == (f"/api/v2/payment/{PAYMENT}/apply", {"orderId": ORDER, "amount": wire})


@pytest.mark.parametrize(
    ("amount", "scale"),
    [
        (Money(12_345, "EUR"), "units"),
        (Money(100, "USD"), "cents"),
        (Money(0, "EUR"), "cents"),
        (Money(-100, "EUR"), "cents"),
        (Money(100_000_000_000, "EUR"), "cents"),
    ],
)
def test_an_amount_that_the_wire_cannot_carry_is_not_sent(amount, scale):
    desk = Desk()

    with pytest.raises(PermanentError, match="by hand") as caught:
        workspace(desk, money_scale=scale).record_payment(JOB, "pi_1", amount, ON, "")

    assert caught.value.code == "vsco_amount_not_writable"
    assert desk.written == []


@pytest.mark.parametrize("transaction_id", ["", "x" * 256])
def test_a_transaction_id_that_would_be_cut_is_not_sent(transaction_id):
    with pytest.raises(PermanentError):
        workspace(Desk()).record_payment(JOB, transaction_id, Money(1, "EUR"), ON, "")


@pytest.mark.parametrize("id_", ["", "../studio/me", "01", JOB + "/payment", "Ä" * 26, JOB + "\n"])
def test_a_malformed_id_never_becomes_a_path(id_):
    vsco = workspace(Desk())
    for call in (
        lambda: vsco.record_payment(id_, "pi_1", Money(1, "EUR"), ON, ""),
        lambda: vsco.apply_payment(id_, ORDER, Money(1, "EUR")),
        lambda: vsco.apply_payment(PAYMENT, id_, Money(1, "EUR")),
        lambda: vsco.find_payment(id_, "pi_1"),
        lambda: vsco.payment_is_applied(id_, ORDER),
        lambda: vsco.related_records(id_),
    ):
        with pytest.raises(PermanentError) as caught:
            call()
        assert caught.value.code == "malformed_record"


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": "x"}])
def test_a_payment_taken_without_an_id_is_unknown(answer):
    with pytest.raises(UnknownOutcomeError):
        workspace(Desk(answer=answer)).record_payment(JOB, "pi_1", Money(1, "EUR"), ON, "")


def listing(*payments: dict):
    return lambda request: httpx.Response(200, json={"items": list(payments)})


def test_a_payment_is_found_by_our_transaction_id_whatever_became_of_it():
    rows = (payment(id=ulid(9), transactionId="pi_1", status="failed"), payment(id=ulid(8), transactionId="pi_1"))

    assert workspace(listing(*rows)).find_payment(JOB, "pi_1") == ulid(8)
    assert workspace(listing(*rows)).find_payment(JOB, "pi_2") is None
    assert workspace(listing(payment())).find_payment(JOB, "") is None


def test_a_payment_is_applied_when_an_allocation_names_the_order():
    vsco = workspace(lambda request: httpx.Response(200, json=payment(paymentAllocations=[allocation()])))

    assert vsco.payment_is_applied(PAYMENT, ORDER)
    assert not vsco.payment_is_applied(PAYMENT, JOB)
