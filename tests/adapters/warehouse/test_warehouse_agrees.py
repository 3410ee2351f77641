"""On a believable ledger the marts say what plain Python says, reading the same facts another way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest
from built_once import built_once
from ledger_book import LedgerBook
from published_book import SQL_DIR, Figures, evening, publish_quickly
from synthetic_ledger import synthetic_book

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.engine import open_engine

TODAY = date(2026, 11, 21)
EARLIER = date(2026, 8, 3)  # the ledger already knows what happened later: the figures must not


@dataclass
class Known:
    """One live invoice as of a day, found by replaying its receivable day by day."""

    currency: str
    issued_on: date
    due_on: date
    net: int
    balance: int
    paid_on: date | None


@pytest.fixture(scope="module")
def book() -> LedgerBook:
    return synthetic_book(TODAY, scale=0.6)


@pytest.fixture(scope="module", params=[TODAY, EARLIER], ids=["today", "earlier"])
def as_of(request: pytest.FixtureRequest) -> date:
    return request.param


@pytest.fixture(scope="module")
def figures(book: LedgerBook, as_of: date, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    built = built_once(
        tmp_path_factory, f"figures of {as_of}", lambda folder: publish_quickly(folder, book, evening(as_of))
    )
    return Figures(built / "warehouse.duckdb")


@pytest.fixture(scope="module")
def known(book: LedgerBook, as_of: date) -> dict[str, Known]:
    voided = {row["invoice_id"] for row in book.rows["invoice_voids"] if row["voided_at"].date() <= as_of}
    found = {row["invoice_id"]: _replay(book, row, as_of) for row in book.rows["invoices"] if row["issued_on"] <= as_of}
    return {key: invoice for key, invoice in found.items() if invoice.net > 0 and key not in voided}


def _replay(book: LedgerBook, row: dict[str, Any], as_of: date) -> Known:
    posted = {item["transaction_id"]: item for item in book.rows["journal_transactions"]}
    days: dict[date, int] = defaultdict(int)
    net, written_off = row["amount_due_minor"], False
    for entry in _receivable_entries(book)[row["invoice_id"]]:
        transaction = posted[entry["transaction_id"]]
        if transaction["posted_on"] > as_of:
            continue
        days[transaction["posted_on"]] += entry["amount_minor"]
        net += entry["amount_minor"] if transaction["kind"] == "credited" else 0
        written_off |= transaction["kind"] == "written_off"
    balance, paid_on = 0, None
    for day in sorted(days):
        balance += days[day]
        paid_on = None if balance > 0 else paid_on or day
    return Known(row["currency"], row["issued_on"], row["due_on"], net, balance, None if written_off else paid_on)


_ENTRIES: dict[int, dict[str, list[dict[str, Any]]]] = {}


def _receivable_entries(book: LedgerBook) -> dict[str, list[dict[str, Any]]]:
    if id(book) not in _ENTRIES:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in book.rows["journal_entries"]:
            if entry["account"] == "receivable":
                found[entry["detail"]].append(entry)
        _ENTRIES[id(book)] = found
    return _ENTRIES[id(book)]


def test_the_synthetic_ledger_keeps_every_promise(book: LedgerBook, tmp_path: Path) -> None:
    engine = open_engine(book.save_sqlite(tmp_path / "ledger.sqlite"))

    broken = [result.name for result in run_checks(engine, SQL_DIR) if not result.holds]

    engine.dispose()
    assert broken == []


def test_days_to_pay_agree(figures: Figures, known: dict[str, Known]) -> None:
    rows = {row["invoice_id"]: row for row in figures.rows("from days_to_pay")}

    assert {key: (row["net_minor"], row["balance_minor"], row["fully_paid_on"]) for key, row in rows.items()} == {
        key: (invoice.net, invoice.balance, invoice.paid_on) for key, invoice in known.items()
    }


def test_means_and_medians_agree(figures: Figures, known: dict[str, Known]) -> None:
    row = figures.one("from days_to_pay_summary where cohort = 'all'")
    paid = [(invoice.net, (invoice.paid_on - invoice.issued_on).days) for invoice in known.values() if invoice.paid_on]

    assert row["median_days"] == median(days for _, days in paid)
    assert row["mean_days"] == pytest.approx(mean(days for _, days in paid))
    weighted = sum(net * days for net, days in paid) / sum(net for net, _ in paid)
    assert row["weighted_mean_days"] == pytest.approx(weighted)


@pytest.mark.parametrize("cohort", ["all", "2026-07", "last 90 days"])
def test_the_survival_curve_agrees_with_lifelines(
    figures: Figures, known: dict[str, Known], as_of: date, cohort: str
) -> None:
    from lifelines import KaplanMeierFitter

    curve = figures.rows(f"select day, open_share from days_to_pay_curve where cohort = '{cohort}' order by day")
    chosen = [invoice for invoice in known.values() if _in_cohort(invoice.issued_on, cohort, as_of)]
    fitter = KaplanMeierFitter().fit(
        [((invoice.paid_on or as_of) - invoice.issued_on).days for invoice in chosen],
        [invoice.paid_on is not None for invoice in chosen],
    )

    expected = fitter.survival_function_at_times([row["day"] for row in curve]).tolist()
    assert [row["open_share"] for row in curve] == pytest.approx(expected)
    found = figures.one(f"from days_to_pay_summary where cohort = '{cohort}'")["km_median"]
    assert found == fitter.median_survival_time_


def _in_cohort(issued_on: date, cohort: str, as_of: date) -> bool:
    if cohort == "all":
        return True
    if cohort == "last 90 days":
        return as_of - timedelta(days=90) < issued_on <= as_of
    return f"{issued_on:%Y-%m}" == cohort


def test_payment_completion_agrees(figures: Figures, known: dict[str, Known], as_of: date) -> None:
    for row in figures.rows("from payment_completion"):
        cohort = [invoice for invoice in known.values() if invoice.issued_on.replace(day=1) == row["cohort_month"]]
        window = row["window_days"]
        month_end = (row["cohort_month"] + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if window is not None and month_end + timedelta(days=window) > as_of:
            assert row["share_by_count"] is None
            continue
        within = timedelta(days=window if window is not None else 10_000)
        paid = [invoice for invoice in cohort if invoice.paid_on and invoice.paid_on - invoice.issued_on <= within]
        assert row["share_by_count"] == pytest.approx(len(paid) / len(cohort))
        assert row["share_by_value"] == pytest.approx(
            sum(invoice.net for invoice in paid) / sum(invoice.net for invoice in cohort)
        )


def test_rolling_completion_agrees(figures: Figures, known: dict[str, Known], as_of: date) -> None:
    rows = figures.rows("from payment_completion_rolling")

    assert {row["window_days"] for row in rows} == {7, 30, 60}
    for row in rows:
        window = timedelta(days=row["window_days"])
        age = (as_of - window - timedelta(days=row["days_ago"] + 30), as_of - window - timedelta(days=row["days_ago"]))
        span = [invoice for invoice in known.values() if age[0] < invoice.issued_on <= age[1]]
        paid = [invoice for invoice in span if invoice.paid_on and invoice.paid_on - invoice.issued_on <= window]
        assert (row["invoices"], row["share_by_count"]) == (len(span), pytest.approx(len(paid) / len(span)))
        assert row["share_by_value"] == pytest.approx(sum(one.net for one in paid) / sum(one.net for one in span))


def test_what_reminders_bring_agrees(figures: Figures, book: LedgerBook, known: dict[str, Known], as_of: date) -> None:
    sent: dict[str, list[bool]] = defaultdict(list)
    for row in book.rows["effects"]:
        invoice, week = known.get(row["subject_id"]), timedelta(days=7)
        if invoice and row["purpose"].startswith("reminder:") and row["state"] == "done":
            on = row["settled_at"].date()
            if as_of - timedelta(days=365) < on <= as_of - week:
                paid = invoice.paid_on is not None and on <= invoice.paid_on <= on + week
                sent[row["purpose"].removeprefix("reminder:")].append(paid)

    assert {row["stage"]: (row["reminders"], row["paid_in_time"]) for row in figures.rows("from follow_up_yield")} == {
        stage: (len(paid), sum(paid)) for stage, paid in sent.items()
    }


def test_effectiveness_agrees(figures: Figures, book: LedgerBook, known: dict[str, Known], as_of: date) -> None:
    """What is owed now and not yet due, by the open invoices; the rest of the formula by the journal's entries."""
    row = figures.one("from collection_periods where span = 'last 90 days'")
    posted = {item["transaction_id"]: item["posted_on"] for item in book.rows["journal_transactions"]}
    opening = sum(
        entry["amount_minor"]
        for entry in book.rows["journal_entries"]
        if entry["account"] == "receivable" and posted[entry["transaction_id"]] <= as_of - timedelta(days=90)
    )

    assert row["opening_minor"] == opening
    assert row["closing_minor"] == sum(invoice.balance for invoice in known.values())
    not_due = sum(invoice.balance for invoice in known.values() if invoice.due_on >= as_of)
    assert row["closing_not_due_minor"] == not_due
    assert row["effectiveness_share"] == pytest.approx(
        (opening + row["sales_minor"] - row["closing_minor"]) / (opening + row["sales_minor"] - not_due)
    )


def test_receivables_and_aging_agree(figures: Figures, known: dict[str, Known], as_of: date) -> None:
    owed: dict[str, int] = defaultdict(int)
    for invoice in known.values():
        late = (as_of - invoice.due_on).days
        owed[("current", "1-30", "31-60", "61-90", "91+")[(late > 0) + (late > 30) + (late > 60) + (late > 90)]] += (
            invoice.balance
        )

    rows = figures.rows("from aging where bucket <> 'unapplied credit'")

    assert {row["bucket"]: row["amount_minor"] for row in rows if row["amount_minor"]} == {
        bucket: amount for bucket, amount in owed.items() if amount
    }
    assert figures.one("select sum(balance_minor) as owed from receivables")["owed"] == sum(owed.values())


def test_what_was_owed_at_the_end_of_a_day_is_the_sum_of_the_open_invoices(
    figures: Figures, known: dict[str, Known], as_of: date
) -> None:
    row = figures.one(f"from receivables_daily where day_on <= date '{as_of}' order by day_on desc limit 1")

    assert row["balance_minor"] == sum(invoice.balance for invoice in known.values())


def test_totals_are_the_ledgers(figures: Figures, book: LedgerBook) -> None:
    totals: dict[str, int] = defaultdict(int)
    for entry in book.rows["journal_entries"]:
        totals[entry["account"]] += entry["amount_minor"]

    assert {row["account"]: row["balance_minor"] for row in figures.rows("from ledger_totals")} == totals
    assert sum(totals.values()) == 0


def test_every_key_tells_the_rows_of_its_mart_apart(figures: Figures) -> None:
    for mart in figures.rows("from warehouse_relations"):
        counts = figures.one(f"select count(*) as n, count(distinct ({mart['key']})) as k from {mart['name']}")
        assert counts["n"] == counts["k"], mart["name"]
        assert mart["description"].endswith((".", ":")), mart["name"]
