"""On which day a card may be charged that was announced."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from test_invoices import draft

from billing.domain.autopay import charge_on, notice_days
from billing.domain.invoices import Collection, Invoice

ISSUED = date(2026, 3, 1)


def announced(due_on: date) -> Invoice:
    return replace(draft(), collection=Collection.AUTOPAY, issued_on=ISSUED, due_on=due_on)


@pytest.mark.parametrize(
    ("told_on", "charged_on"),
    [
        (None, None),
        (date(2026, 3, 1), date(2026, 3, 4)),
        (date(2026, 3, 3), date(2026, 3, 4)),
        (date(2026, 3, 4), date(2026, 3, 7)),
        (date(2026, 3, 9), date(2026, 3, 12)),
    ],
)
def test_a_card_is_charged_on_the_day_announced_and_never_before_the_client_was_told(
    told_on: date | None, charged_on: date | None
) -> None:
    assert charge_on(announced(date(2026, 3, 4)), told_on) == charged_on


@pytest.mark.parametrize("told_on", [None, ISSUED])
def test_without_notice_the_card_is_charged_at_once(told_on: date | None) -> None:
    assert notice_days(announced(ISSUED)) == 0
    assert charge_on(announced(ISSUED), told_on) == ISSUED


def test_an_invoice_that_is_paid_by_link_announces_no_charge() -> None:
    assert notice_days(replace(announced(date(2026, 3, 15)), collection=Collection.INVOICE)) == 0
