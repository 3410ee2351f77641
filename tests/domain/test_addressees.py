"""To which addresses a mail goes, as a table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing.domain.addresses import Addresses, addressees, are_the_same
from billing.domain.mail import MailKind

BILLED = ("billed@x.example", "second@x.example")


def said(name: str, hour: int) -> Addresses:
    return Addresses((f"{name}@x.example", "other@x.example"), datetime(2026, 3, 2, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("booked", "given", "first"),
    [
        (None, None, "billed"),
        (said("booked", 9), None, "booked"),
        (None, said("given", 9), "given"),
        (said("booked", 9), said("given", 10), "given"),
        (said("booked", 10), said("given", 10), "given"),
        (said("booked", 11), said("given", 10), "booked"),
    ],
)
def test_the_newest_word_counts(booked: Addresses | None, given: Addresses | None, first: str) -> None:
    told = (f"{first}@x.example", "other@x.example") if first == "given" else (f"{first}@x.example",)
    assert addressees(MailKind.REMINDER, BILLED, booked, given) == told


def test_receipts_go_to_all_addresses_and_the_rest_to_the_first() -> None:
    booked = said("booked", 9)

    assert addressees(MailKind.RECEIPT, BILLED, booked) == booked.emails
    assert {addressees(kind, BILLED, booked) for kind in MailKind if kind is not MailKind.RECEIPT} == {
        ("booked@x.example",)
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["Ada@x.example"], ["ada@X.example"], True),
        (["a@x.example", "b@x.example"], ["b@x.example", "a@x.example"], False),
        (["a@x.example"], ["a@x.example", "b@x.example"], False),
        ([], [], True),
    ],
)
def test_capital_letters_are_no_other_address_and_another_order_is(
    one: list[str], other: list[str], same: bool
) -> None:
    assert are_the_same(one, other) is same
