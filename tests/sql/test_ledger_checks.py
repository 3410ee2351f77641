"""Every check holds on an honest ledger, and finds the one thing that is wrong in a dishonest one."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_book import CARD, LedgerBook, noon

from billing.adapters.ledger.checks import CheckResult, run_checks
from billing.domain import settlement_books as postings
from billing.domain.books import Entry, Posting
from billing.domain.money import Money

SQL_DIR = Path(__file__).parents[2] / "sql"
POSTGRES_URL = os.environ.get("BILLING_TEST_POSTGRES_URL")
DAY = date(2026, 3, 2)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

Break = Callable[[LedgerBook], None]


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(not POSTGRES_URL, reason="no PostgreSQL"))]
)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(POSTGRES_URL) if request.param == "postgres" else f"sqlite:///{tmp_path / 'ledger.sqlite'}"


def honest_book() -> LedgerBook:
    """One invoice by announced autopay, one by link with retainer and tax, one void; galleries, mails, a reminder."""
    book = LedgerBook()
    charged = book.invoice("INV-1", DAY, 50_000, collection="autopay", due_days=3)
    book.render(charged, noon(DAY))
    book.mail(charged, "invoice", noon(DAY))
    book.charge(charged, noon(DAY))
    book.pay(charged, DAY, method_kind="autopay", fee=1_500)
    linked = book.invoice("INV-2", DAY, 119_000, tax_minor=19_000, retainer=30_000)
    book.render(linked, noon(DAY))
    book.mail(linked, "invoice", noon(DAY))
    book.mail(linked, "reminder:friendly", noon(DAY + timedelta(days=17)))
    book.pay(linked, DAY + timedelta(days=20), 90_000)  # 1,000 too much
    book.grant(linked, noon(DAY + timedelta(days=21)))
    void = book.invoice("INV-3", DAY, 10_000)
    book.void(void, DAY + timedelta(days=1))
    _money_back(book)
    for seq in (1, 2):
        event = {"event_id": f"granted:grant:{seq}", "kind": "gallery_granted", "subject_id": linked}
        book.put("domain_events", seq=seq, actor="pipeline", at=NOW, body="{}", previous_hash="", hash="", **event)
    return book


def _money_back(book: LedgerBook) -> None:
    """A paid invoice of which a part was refunded, a dispute was lost after that, and the gallery was closed."""
    day = DAY + timedelta(days=40)
    invoice_id = book.invoice("INV-4", DAY, 60_000)
    book.pay(invoice_id, day, 60_000)
    payment = book.rows["payments"][-1]
    client_id = book.invoices[invoice_id].client.client_id
    provider_payment_id, paid = payment["provider_object_id"], f"paid:{payment['payment_id']}"
    book.moved("payment", "ch_4", 60_000, payment["fee_minor"], day, invoice_id, paid)
    back = day + timedelta(days=1)
    refund = book.moved("refund", "re_4", -10_000, 0, back, invoice_id)
    book.post(postings.post_refund(refund, invoice_id, client_id, Money(0, "EUR"), back))
    taken = book.moved("dispute", "dp_4", -60_000, 1_500, back, invoice_id)
    book.post(postings.post_dispute(taken, invoice_id, "dp_4", back))
    book.post(postings.post_dispute_lost("dp_4", invoice_id, client_id, Money(60_000, "EUR"), Money(0, "EUR"), back))
    about = {"provider": "stripe", "provider_payment_id": provider_payment_id, "invoice_id": invoice_id}
    about |= {"currency": "EUR", "reason": "", "recorded_at": noon(back)}
    book.put(
        "refunds", refund_id="re_4", amount_minor=10_000, status="succeeded", effect_key=None, created_at=noon(back),
        **about,
    )  # fmt: skip
    book.put(
        "disputes", dispute_id="dp_4", amount_minor=60_000, status="lost", opened_at=noon(back), evidence_due_at=None,
        **about,
    )  # fmt: skip
    book.grant(invoice_id, noon(day), revoked_at=noon(day + timedelta(days=2)))
    book.effect("revoke", f"grant:{len(book.rows['grants'])}", "vsco:g", noon(back))
    for seq, (state, days) in enumerate((("open", 0), ("lost", 5)), start=3):
        event = {"event_id": f"dispute:dp_4:{state}", "kind": f"dispute_{state}", "subject_id": invoice_id}
        at = noon(day + timedelta(days=days))
        book.put("domain_events", seq=seq, actor="pipeline", at=at, body="{}", previous_hash="", hash="", **event)


def first_row(book: LedgerBook, table: str, **where: Any) -> dict[str, Any]:
    return next(row for row in book.rows[table] if where.items() <= row.items())


def _change(table: str, where: dict[str, Any], **values: Any) -> Break:
    return lambda book: first_row(book, table, **where).update(values)


def _drop(table: str, **where: Any) -> Break:
    return lambda book: book.rows[table].remove(first_row(book, table, **where))


def _copy(table: str, where: dict[str, Any], **values: Any) -> Break:
    return lambda book: book.rows[table].append({**first_row(book, table, **where), **values})


def _one_entry_only(book: LedgerBook) -> None:
    book.put(
        "journal_transactions", seq=99, transaction_id="lone", kind="odd", subject_id="x", posted_on=DAY,
        posted_at=noon(DAY), previous_hash="", hash="",
    )  # fmt: skip


def _credit_too_much(book: LedgerBook) -> None:
    book.credit("inv:INV-1", DAY, 700)


def _owe_on_void(book: LedgerBook) -> None:
    book.refund("inv:INV-3", DAY + timedelta(days=9), 10_000)


def _post_in_dollars(book: LedgerBook) -> None:
    entries = (Entry("receivable", "inv:INV-1", Money(5, "USD")), Entry("revenue", "Prints", Money(-5, "USD")))
    book.post(Posting("odd", "odd", "inv:INV-1", DAY, entries))


def _pay_link_beside_charge(book: LedgerBook) -> None:
    book.effect("charge", "inv:INV-2", "retry", noon(DAY), state="unknown", parameters=CARD)
    book.put("pay_links", link_id="plink", invoice_id="inv:INV-2", url="https://", amount_minor=1, created_at=NOW)
    book.rows["pay_links"][-1]["closed_at"] = None


def _second_charge(state: str) -> Break:
    def intend(book: LedgerBook) -> None:
        for purpose in ("retry", "again"):
            book.effect("charge", "inv:INV-2", purpose, noon(DAY), state=state, parameters=CARD)

    return intend


def _old_event(book: LedgerBook) -> None:
    book.put(
        "provider_events", provider="stripe", event_id="evt_1", kind="charge.succeeded", object_id="ch_1",
        payment_id=None, occurred_at=NOW - timedelta(days=3), received_at=NOW - timedelta(days=3), body="{}",
        state="waiting", reason=None, settled_at=None,
    )  # fmt: skip


def _forgotten_effect(book: LedgerBook) -> None:
    book.effect("mail", "inv:INV-3", "receipt", NOW - timedelta(days=3), state="unknown")


def _reminder_after_payment(book: LedgerBook) -> None:
    book.mail("inv:INV-2", "reminder:second", noon(DAY + timedelta(days=30)))


def _remind_while_disputed(book: LedgerBook) -> None:
    book.mail("inv:INV-4", "reminder:second", noon(DAY + timedelta(days=42)))


def _same_order_under_two_jobs(book: LedgerBook) -> None:
    for number in ("INV-1", "INV-2"):
        book.session(f"vsco:{number}", number, noon(DAY))
    first_row(book, "invoices", number="INV-2").update(part="order:INV-1")


CHARGE = {"kind": "charge"}
VIOLATIONS: dict[str, Break] = {
    "allocations_never_exceed_payments": _change("allocations", {"payment_id": "pay:1"}, amount_minor=50_001),
    "autopay_payments_follow_a_charge": _drop("effects", **CHARGE),
    "domain_events_are_chained": _change("domain_events", {"seq": 2}, previous_hash="forged"),
    "every_effect_open_for_a_day_needs_attention": _forgotten_effect,
    "every_invoice_keeps_its_currency": _post_in_dollars,
    "every_invoice_mailed_has_its_document": _drop("documents", subject_id="inv:INV-2"),
    "every_lost_dispute_is_posted": _change("journal_entries", {"account": "disputed"}, amount_minor=59_999),
    "every_provider_event_older_than_a_day_is_settled": _old_event,
    "grants_follow_payment": _change("grants", {"invoice_id": "inv:INV-2"}, granted_at=noon(DAY + timedelta(days=3))),
    "invoice_amounts_due_match_deductions": _change("invoice_deductions", {"position": 0}, amount_minor=29_999),
    "invoice_discounts_match_lines": _change("invoice_lines", {"invoice_id": "inv:INV-1"}, discount_minor=1),
    "invoice_numbers_have_no_gaps": _change("invoices", {"number": "INV-4"}, sequence=5),
    "invoice_taxes_match_lines": _change("invoice_taxes", {"invoice_id": "inv:INV-2"}, amount_minor=18_999),
    "invoice_totals_match_lines": _change("invoice_lines", {"invoice_id": "inv:INV-1"}, amount_minor=1),
    "invoices_are_posted_in_full": _change("invoices", {"number": "INV-1"}, total_minor=50_001),
    "invoices_owe_what_was_not_paid": _change("movements", {"kind": "refund"}, amount_minor=-9_999),
    "journal_transactions_are_chained": _change("journal_transactions", {"seq": 2}, previous_hash="forged"),
    "journal_transactions_balance": _change("journal_entries", {"transaction_id": "paid:pay:1"}, amount_minor=7),
    "journal_transactions_have_two_entries": _one_entry_only,
    "movements_are_posted_in_full": _change("movements", {"kind": "dispute"}, fee_minor=1_499),
    "no_charge_without_announcement": _drop("effects", kind="mail", subject_id="inv:INV-1"),
    "no_charge_without_consent": _change("effects", CHARGE, parameters='{"payment_method_id":"pm_2"}'),
    "no_invoice_is_charged_twice": _second_charge("done"),
    "no_open_charge_beside_an_open_pay_link": _pay_link_beside_charge,
    "no_reminder_after_payment": _reminder_after_payment,
    "no_reminder_while_disputed": _remind_while_disputed,
    "one_live_invoice_per_session_and_part": _drop("invoice_voids", invoice_id="inv:INV-3"),
    "one_live_invoice_per_order": _same_order_under_two_jobs,
    "one_mail_per_subject_kind_and_stage": _copy("effects", {"purpose": "invoice"}, effect_id="e", key="k"),
    "one_open_charge_per_invoice": _second_charge("unknown"),
    "one_open_grant_per_gallery": _copy("grants", {"grant_id": "grant:1"}, grant_id="grant:9"),
    "payments_are_posted_in_full": _change("payments", {"payment_id": "pay:2"}, amount_minor=90_001),
    "receivable_is_never_negative": _credit_too_much,
    "refunds_never_exceed_payments": _change("refunds", {"refund_id": "re_4"}, amount_minor=60_001),
    "revocations_follow_an_effect": _drop("effects", kind="revoke"),
    "void_invoices_owe_nothing": _owe_on_void,
}


def check(book: LedgerBook, url: str, **options: Any) -> dict[str, CheckResult]:
    engine = book.save(url, unguarded=True)
    try:
        return {result.name: result for result in run_checks(engine, SQL_DIR, now=NOW, **options)}
    finally:
        engine.dispose()


def test_every_check_holds_on_an_honest_ledger(ledger_url: str) -> None:
    results = check(honest_book(), ledger_url)

    assert [(result.name, result.violations) for result in results.values() if not result.holds] == []
    assert all(result.sentence[0].isupper() and result.sentence.endswith(".") for result in results.values())


def test_every_check_has_its_violation_and_the_reverse() -> None:
    assert {path.stem for path in (SQL_DIR / "checks").glob("*.sql")} == VIOLATIONS.keys()


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_found(name: str, ledger_url: str) -> None:
    book = honest_book()
    if name == "one_live_invoice_per_session_and_part":
        first_row(book, "invoices", number="INV-3").update(session_id="vsco:INV-1", part="order:INV-1", revision=2)
        assert check(book, ledger_url)[name].holds
    VIOLATIONS[name](book)

    result = check(book, ledger_url)[name]

    assert not result.holds
    assert result.sentence.endswith(".")


def test_galleries_may_open_before_payment_where_the_studio_wants_it(ledger_url: str) -> None:
    book = honest_book()
    VIOLATIONS["grants_follow_payment"](book)

    results = check(book, ledger_url, gallery_policy="invoiced")

    assert results["grants_follow_payment"].holds
