"""`billing bill`: a look ahead that writes nothing, and billing by hand."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from billed_studio import Run, Studio, one_line
from sqlalchemy import MetaData, text

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.sandbox import faults


def _everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    ledger, found = SqlLedger(url), MetaData()
    found.reflect(ledger.engine)
    with ledger.engine.connect() as connection:
        return {table.name: [tuple(row) for row in connection.execute(table.select())] for table in found.sorted_tables}


def _put_back(url: str, job_id: str, state: str = "due") -> None:
    """As if the session were completed and not billed yet, and had been read just now."""
    ledger = SqlLedger(url)
    with ledger.engine.begin() as connection:
        read_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        connection.execute(
            text("update sessions set state = :state, records_fetched_at = :read_at where job_id = :job"),
            {"job": job_id, "state": state, "read_at": read_at},
        )


def test_a_dry_run_of_one_job_shows_lines_taxes_and_how_it_is_collected(run_in_review: Run, studio: Studio) -> None:
    job = studio.plan.difficult("right_to_left")

    shown = run_in_review("bill", job.id, "--dry-run").stdout

    assert "Family session" in shown
    assert "VAT 23 % (included)" in shown
    assert "Retainer" in shown
    assert "sent with a pay link" in shown
    assert shown.endswith("Nothing was written.\n")


def test_a_dry_run_of_a_period_shows_what_would_need_attention(run_in_review: Run) -> None:
    today = datetime.now(UTC).date()

    shown = run_in_review(
        "bill", "--dry-run", "--from", str(today - timedelta(days=5)), "--to", str(today + timedelta(1))
    )

    assert shown.exit_code == 0, shown.output
    assert "has no e-mail address" in shown.stdout
    assert "would need attention" in shown.stdout
    assert "reading job" in shown.stderr


def test_a_dry_run_writes_nothing(run_in_review: Run) -> None:
    before = _everything(os.environ["BILLING_LEDGER_URL"])

    run_in_review("bill", "--dry-run")

    assert _everything(os.environ["BILLING_LEDGER_URL"]) == before


def test_a_dry_run_as_json_has_the_invoices_and_the_problems(run_in_review: Run, studio: Studio) -> None:
    good, bad = studio.plan.difficult("two_orders"), studio.plan.difficult("total_disagrees")

    (found,) = json.loads(run_in_review("bill", good.id, "--dry-run", "--json").stdout)
    (refused,) = json.loads(run_in_review("bill", bad.id, "--dry-run", "--json").stdout)

    assert sum(invoice["amount_due_minor"] for invoice in found["invoices"]) == good.balance_minor
    assert [problem["code"] for problem in refused["problems"]] == ["total_mismatch"]


def test_what_is_billed_already_is_said_to_be(run: Run, studio: Studio) -> None:
    shown = run("bill", studio.plan.difficult("right_to_left").id, "--dry-run").stdout

    assert "everything is billed already" in shown


def _dry_run(run: Run, days: int = 100) -> dict[str, dict[str, Any]]:
    today = datetime.now(UTC).date()
    words = ("--from", str(today - timedelta(days)), "--to", str(today + timedelta(1)), "--json")
    return {one["job_id"]: one for one in json.loads(run("bill", "--dry-run", *words).stdout)}


def test_a_dry_run_by_the_end_of_sessions_shows_those_that_ended(
    run_in_review: Run, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_TRIGGER", "session_ended")
    monkeypatch.setenv("BILLING_BILLING_STARTS_ON", "2020-01-01")
    ended = studio.plan.difficult("right_to_left").id

    assert [one["amount_due_minor"] > 0 for one in _dry_run(run_in_review)[ended]["invoices"]] == [True]
    assert ended not in _dry_run(run_in_review, -1)


def test_a_dry_run_goes_on_when_one_job_cannot_be_read(run_in_review: Run, studio: Studio) -> None:
    store, bad = studio.sandbox.store, studio.plan.difficult("right_to_left").id
    before = _dry_run(run_in_review)
    faults.add(store, "vsco", {"kind": "401", "path_prefix": f"/job/{bad}/order", "times": 1})

    after = _dry_run(run_in_review)

    assert after.keys() == before.keys()
    assert after[bad]["invoices"] == []
    assert "key" in after[bad]["problems"][0]["sentence"]
    assert [one for job, one in after.items() if job != bad] == [one for job, one in before.items() if job != bad]


def test_a_dry_run_shows_what_is_history_and_bills_none_of_it(
    run_in_review: Run, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_BILLING_STARTS_ON", str(datetime.now(UTC).date() + timedelta(days=2)))

    found = _dry_run(run_in_review)
    shown = run_in_review("bill", studio.plan.difficult("right_to_left").id, "--dry-run").stdout

    assert found
    assert all("history, not billed" in one["not_billed"] and one["invoices"] == [] for one in found.values())
    assert "history, not billed" in shown
    assert "1 sessions: 0 invoices, nothing due; 0 would need attention." in shown


def test_a_dry_run_says_that_nothing_is_billed_before_the_first_day_is_set(
    run_in_review: Run, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BILLING_BILLING_STARTS_ON")

    shown = run_in_review("bill", studio.plan.difficult("right_to_left").id, "--dry-run").stdout

    assert "BILLING_BILLING_STARTS_ON is not set" in shown


def test_a_session_that_needed_attention_and_is_mended_is_billed_by_hand(run_in_review: Run, studio: Studio) -> None:
    job = studio.plan.difficult("no_gallery")
    _put_back(os.environ["BILLING_LEDGER_URL"], job.id, "attention")

    done = run_in_review("bill", job.id, "--yes")

    assert done.exit_code == 0, done.output
    assert "draft inv_" in done.stdout
    (session,) = [row for row in _everything(os.environ["BILLING_LEDGER_URL"])["sessions"] if job.id in row]
    assert "billed" in session


def test_a_session_that_needs_attention_stays_so_unless_it_is_billed(run_in_review: Run, studio: Studio) -> None:
    job = studio.plan.difficult("no_gallery")
    _put_back(os.environ["BILLING_LEDGER_URL"], job.id, "attention")

    assert run_in_review("bill", job.id, typed="n\n").exit_code == 1
    (session,) = [row for row in _everything(os.environ["BILLING_LEDGER_URL"])["sessions"] if job.id in row]
    assert "attention" in session


def test_an_order_that_is_gone_is_not_billed_by_hand(run_in_review: Run, studio: Studio) -> None:
    job = studio.plan.difficult("no_gallery")
    _put_back(os.environ["BILLING_LEDGER_URL"], job.id, "attention")
    with closing(SqlLedger(os.environ["BILLING_LEDGER_URL"])) as ledger, ledger.write() as uow:
        kept = uow.records.of_job("vsco", job.id)
        (order,) = [one for one in kept if one.kind == "order"]
        gone = replace(order, source_id="gone", body=order.body.replace(order.source_id, "gone"))
        uow.records.keep_all("vsco", job.id, [*kept, gone], datetime.now(UTC))

    done = run_in_review("bill", job.id, "--yes")

    assert len(set(re.findall(r"inv_\w+", done.stdout))) == 1


def test_a_due_session_is_billed_by_hand(run_in_review: Run, studio: Studio) -> None:
    job = studio.plan.difficult("no_gallery")
    _put_back(os.environ["BILLING_LEDGER_URL"], job.id)

    done = run_in_review("bill", job.id, "--yes")

    assert done.exit_code == 0, done.output
    assert "Drafts wait for `billing approve`." in done.stdout


def test_all_due_sessions_are_billed_after_a_question(run_in_review: Run, studio: Studio) -> None:
    assert run_in_review("bill").stdout == "No session is due; the booking system was read just now.\n"
    _put_back(os.environ["BILLING_LEDGER_URL"], studio.plan.difficult("no_gallery").id)

    done = run_in_review("bill", typed="y\n")

    assert "Bill 1 session that is due?" in done.stderr
    assert "draft inv_" in done.stdout


def test_nothing_due_is_told_from_not_reached(
    run_in_review: Run, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_VSCO_URL", "http://127.0.0.1:9/api/v2")

    refused = run_in_review("bill")
    assert one_line(refused).startswith("Nobody knows whether a session is due: VSCO Workspace ")
    assert run_in_review("bill", "01none").exit_code == 1
    assert "was seen. VSCO Workspace " in one_line(run_in_review("bill", "01none"))

    _put_back(os.environ["BILLING_LEDGER_URL"], studio.plan.difficult("no_gallery").id)
    known = run_in_review("bill", "--yes")
    assert "What was read before is billed." in known.stderr
    assert "draft inv_" in known.stdout


def test_a_session_that_was_completed_just_now_is_billed_at_once(run_in_review: Run, studio: Studio) -> None:
    job = studio.plan.difficult("no_gallery")
    ledger = SqlLedger(os.environ["BILLING_LEDGER_URL"])
    with ledger.engine.begin() as connection:  # as if nobody had polled since
        for table in ("drafts", "sessions"):
            connection.execute(text(f"delete from {table} where session_id = :id"), {"id": f"vsco:{job.id}"})
        connection.execute(text("delete from cursors"))

    assert "draft inv_" in run_in_review("bill", job.id, "--yes").stdout


def test_a_session_that_cannot_be_billed_says_why(run: Run, studio: Studio) -> None:
    assert "is voided" in one_line(run("bill", studio.plan.difficult("voided_order").id, "--yes"))


@pytest.mark.parametrize(
    ("difficulty", "said"), [("sample", "its state is excluded"), ("right_to_left", "its state is billed")]
)
def test_a_session_that_is_not_due_is_not_billed(run: Run, studio: Studio, difficulty: str, said: str) -> None:
    assert said in one_line(run("bill", studio.plan.difficult(difficulty).id, "--yes"))


def test_an_unknown_job_is_one_line(run: Run) -> None:
    assert "No completed session of job 01none" in one_line(run("bill", "01none", "--yes"))


def test_nothing_is_billed_before_the_studio_said_from_when_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLING_BILLING_STARTS_ON")

    assert "BILLING_BILLING_STARTS_ON" in one_line(run("bill", "--yes"))


def test_a_period_goes_with_a_dry_run_only(run: Run) -> None:
    assert run("bill", "--from", "2026-01-01").exit_code == 2
    assert run("bill", "--dry-run", "--from", "January").exit_code == 2
