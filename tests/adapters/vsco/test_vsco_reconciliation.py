"""What a reconciliation asks of VSCO Workspace: payments as they stand there, and whether a gallery is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from vsco_records import GALLERY, JOB, ORDER, OTHER, PAYMENT, allocation, gallery, payment, studio, ulid, workspace

from billing.adapters.vsco import VscoGalleries
from billing.domain.errors import PermanentError
from billing.domain.money import Money
from billing.ports.outside import WrittenPayment


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def line(*payments: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/studio/me"):
            return httpx.Response(200, json=studio())
        assert request.url.path.endswith(f"/job/{JOB}/payment")
        return httpx.Response(200, json={"meta": {"rows": len(payments)}, "items": list(payments)})

    return answer


def test_a_payment_is_read_with_what_was_applied_and_what_went_back():
    parts = [allocation(amount=1_000), allocation(amount=500), allocation(orderId=OTHER, amount=700)]
    parts.append(allocation(orderId=None, amount=300))
    there = payment(transactionId="pi_1", paymentAllocations=parts, refundedAmount=250)

    found = workspace(line(there)).written_payments(JOB)

    assert found == {
        "pi_1": WrittenPayment(PAYMENT, eur(3_000), eur(250), {ORDER: eur(1_500), OTHER: eur(700)}),
    }


def test_payments_that_are_not_ours_are_left_out_and_of_two_with_one_id_the_older_counts():
    older = payment(id=ulid(90), transactionId="pi_1", amount=100)
    newer = payment(id=ulid(91), transactionId="pi_1", amount=200)

    found = workspace(line(newer, older, payment(id=ulid(92)))).written_payments(JOB)

    assert {name: one.amount for name, one in found.items()} == {"pi_1": eur(100)}


def test_whole_units_are_read_as_such():
    vsco = workspace(line(payment(transactionId="pi_1", amount=30)), money_scale="units")

    assert vsco.written_payments(JOB)["pi_1"].amount == eur(3_000)


def test_a_payment_without_an_amount_cannot_be_read():
    with pytest.raises(PermanentError, match="`amount` that is missing"):
        workspace(line(payment(transactionId="pi_1", amount=None))).written_payments(JOB)


@pytest.mark.parametrize(
    ("status", "is_open"), [("active", True), ("inactive", False), ("pre-release", False), ("archived", False)]
)
def test_a_gallery_is_open_while_it_is_active(status: str, is_open: bool):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(200, json=gallery(status=status))

    assert VscoGalleries(workspace(answer).client).is_open(GALLERY) is is_open
    assert asked == ["GET"]
