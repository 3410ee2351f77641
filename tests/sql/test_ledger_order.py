"""Before and after are the ledger's own order: what a clock says of it neither hides a violation nor makes one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledger_book import IN_ORDER, LedgerBook, noon
from test_ledger_checks import DAY, Break, check, first_row, honest_book, ledger_url

__all__ = ["ledger_url"]

LONG_AFTER = 1_000_000


def _moved(table: str, column: str, seq: int = LONG_AFTER, **where: str) -> Break:
    return lambda book: first_row(book, table, **where).update({column: seq})


def _opened_as_soon_as_invoiced(book: LedgerBook) -> None:
    issued = first_row(book, "journal_transactions", transaction_id="issued:inv:INV-2")
    first_row(book, "grants", invoice_id="inv:INV-2").update(granted_seq=issued["ledger_seq"] + 1)


def _reminded_within_the_dispute(book: LedgerBook) -> None:
    lost = first_row(book, "domain_events", event_id="dispute:dp_4:lost")
    book.mail("inv:INV-4", "reminder:second", noon(DAY + timedelta(days=30)))  # by the clock before it was opened
    book.rows["effects"][-1]["intended_seq"] = lost["ledger_seq"] - 1


ONLY_THE_ORDER_IS_WRONG: dict[str, Break] = {
    "autopay_payments_follow_a_charge": _moved("effects", "intended_seq", kind="charge"),
    "grants_follow_payment": _opened_as_soon_as_invoiced,
    "no_charge_without_consent": _moved("consents", "recorded_seq"),
    "no_reminder_after_payment": _moved("effects", "intended_seq", purpose="reminder:friendly"),
    "no_reminder_while_disputed": _reminded_within_the_dispute,
    "revocations_follow_an_effect": _moved("effects", "intended_seq", kind="revoke"),
}


@pytest.mark.parametrize("name", ONLY_THE_ORDER_IS_WRONG)
def test_the_wrong_order_is_found_though_the_clock_says_right(name: str, ledger_url: str) -> None:
    book = honest_book()
    book.order()
    ONLY_THE_ORDER_IS_WRONG[name](book)

    broken = [result.name for result in check(book, ledger_url).values() if not result.holds]

    assert broken == [name]


@pytest.mark.parametrize("until_day", [0, 19, 20, 40, 41], ids=lambda day: f"day {day}")
def test_a_clock_that_was_set_back_breaks_no_promise(until_day: int, ledger_url: str) -> None:
    """All that was written after that day says that it was written two months before."""
    book = honest_book()
    book.order()
    for table, at, _, _ in IN_ORDER:
        for row in book.rows[table]:
            if row[at] is not None and row[at] > noon(DAY + timedelta(days=until_day)):
                row[at] -= timedelta(days=60)

    results = check(book, ledger_url)

    assert [(result.name, result.violations) for result in results.values() if not result.holds] == []
