"""`billing reconcile`: a table, a sentence for each difference, and an exit code that a script can trust."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

from billed_studio import Run, Studio, one_line
from sqlalchemy import create_engine

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.services.safety.restore import mark_restored


def test_what_agrees_is_told_in_a_table_and_ends_with_zero(run: Run) -> None:
    done = run("reconcile", "--scope", "stripe")

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].split() == ["Books", "against", "Compared", "Booked", "Gone", "New", "Open"]
    assert "The books and the outside agree." in done.stdout
    assert "compared" in done.stderr


def test_what_differs_is_told_with_what_to_do_and_ends_with_one(run: Run) -> None:
    less = "update effects set parameters = json_set(parameters, '$.applied_minor', 1) where kind = 'write_back'"
    with create_engine(os.environ["BILLING_LEDGER_URL"]).begin() as connection:
        assert connection.exec_driver_sql(less).rowcount
    again = [run("reconcile", "--scope", "vsco", "--json") for _ in range(2)]

    [first], [second] = (json.loads(one.stdout) for one in again)
    assert [one.exit_code for one in again] == [1, 1]
    assert {one["cause"] for one in first["differences"]} == {"payment_not_applied"}
    assert (second["new"], second["gone"]) == (0, 0)
    assert second["differences"] == first["differences"]
    told = run("reconcile", "--scope", "vsco").stdout
    assert all(one["what_to_do"] in told for one in first["differences"])
    assert all(one["what_to_do"] in run("needs-attention").stdout for one in first["differences"])


def test_an_outside_that_does_not_answer_is_one_clear_line_and_no_clean_bill(run: Run, studio: Studio) -> None:
    os.environ["BILLING_VSCO_URL"] = "http://127.0.0.1:9/api/v2"

    assert "VSCO Workspace cannot be reached" in one_line(run("reconcile", "--scope", "vsco"))
    with create_engine(os.environ["BILLING_LEDGER_URL"]).connect() as connection:
        assert connection.exec_driver_sql("select count(*) from reconciliations").scalar() == 0


def test_after_a_restore_all_three_are_compared_and_the_work_goes_on(run: Run) -> None:
    ledger = SqlLedger(os.environ["BILLING_LEDGER_URL"])
    mark_restored(ledger, "of yesterday", "olga", datetime.now(UTC))
    ledger.close()

    one = run("reconcile", "--scope", "stripe")
    assert "Reconciled and released" not in one.stdout  # one of three is not enough

    done = run("reconcile", "--actor", "olga")

    assert done.exit_code == 0, done.output
    assert "Reconciled and released" in done.stdout
    rows = [line.split()[0] for line in done.stdout.splitlines() if line.startswith(("Stripe", "VSCO", "galleries"))]
    assert rows == ["Stripe", "VSCO", "galleries"]
    with create_engine(os.environ["BILLING_LEDGER_URL"]).connect() as connection:
        assert connection.exec_driver_sql("select lifted_by from holds").scalars().all() == ["olga"]
