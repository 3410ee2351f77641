"""Giving back, asking for less and giving up, as an operator types it: asked first, to the cent, with who and why."""

from __future__ import annotations

import json
import os

import pytest
from billed_studio import Run, one_line
from sqlalchemy import text

from billing.adapters.ledger.unit_of_work import SqlLedger

DONE = ("--reason", "agreed by phone", "--yes", "--now")


def invoice(run: Run, number: str) -> dict[str, int]:
    told: dict[str, int] = json.loads(run("invoice", "show", number, "--json").stdout)
    return told


def refunds() -> list[tuple[str, ...]]:
    return found("select state, parameters from effects where kind = 'refund'")


def found(query: str) -> list[tuple[str, ...]]:
    ledger = SqlLedger(os.environ["BILLING_LEDGER_URL"])
    with ledger.engine.connect() as connection, connection.begin():
        rows = connection.execute(text(query)).all()
    ledger.close()
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("command", "said"),
    [("credit", "{number} asks for 50.00 EUR less. "), ("write-off", "50.00 EUR of {number} are written off. ")],
)
def test_an_invoice_asks_for_less_by_what_was_said(run: Run, open_number: str, command: str, said: str) -> None:
    before = invoice(run, open_number)["balance_minor"]

    done = run(command, open_number, "--amount", "50", *DONE)

    assert done.stdout.startswith(said.format(number=open_number)), done.output
    assert invoice(run, open_number)["balance_minor"] == before - 5_000


def test_without_an_amount_all_that_is_owed_is_given_up(run: Run, open_number: str) -> None:
    done = run("write-off", open_number, *DONE)

    assert done.exit_code == 0, done.output
    assert invoice(run, open_number)["balance_minor"] == 0


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (("refund", "--amount", "1.50"), "Give back 1.50 EUR to"),
        (("refund", "--still-owed"), "goes on asking for it"),
        (("refund",), "Give back all that was paid through Stripe to"),
        (("refund", "--amount", "1.50", "--by-hand", "cash"), "has got back 1.50 EUR (cash)? Invoice"),
        (("credit", "--amount", "2"), "Ask for 2.00 EUR less of"),
        (("write-off", "--amount", "2"), "Write off 2.00 EUR of"),
    ],
)
def test_it_is_asked_first_and_a_no_changes_nothing(
    run: Run, paid_number: str, words: tuple[str, ...], question: str
) -> None:
    before = invoice(run, paid_number)

    refused = run(words[0], paid_number, *words[1:], "--reason", "agreed", typed="n\n")

    assert refused.exit_code == 1
    assert question in refused.stderr
    assert invoice(run, paid_number) == before
    assert refunds() == []


def test_a_refund_is_committed_to_with_its_reason(run: Run, paid_number: str) -> None:
    done = run("refund", paid_number, "--amount", "1.50", *DONE)

    assert done.stdout.startswith(f"1.50 EUR of {paid_number} go back to ")
    [(state, parameters)] = refunds()
    assert state == "ready"
    assert json.loads(parameters).items() >= {"amount_minor": 150, "reason": "agreed by phone"}.items()


def test_what_was_given_back_by_hand_is_booked(run: Run, paid_number: str) -> None:
    done = run("refund", paid_number, "--amount", "1.50", "--by-hand", "cash", *DONE)

    assert done.stdout.startswith(f"1.50 EUR of {paid_number} that were given back to ")
    [(state, parameters)] = refunds()
    assert state == "done"
    assert json.loads(parameters)["by_hand"] == "cash"


def test_a_day_without_what_was_given_by_hand_is_no_refund(run: Run, paid_number: str) -> None:
    refused = run("refund", paid_number, "--on", "2026-03-02", *DONE)

    assert refused.exit_code == 2
    assert "--on is the day of what was given back by hand" in refused.stderr
    assert refunds() == []


def test_more_than_was_paid_is_refused_with_what_is_left(run: Run, paid_number: str) -> None:
    told = one_line(run("refund", paid_number, "--amount", "1000000", *DONE))

    assert told.endswith("not 1,000,000.00 EUR, can go back through Stripe.")
    assert refunds() == []


def test_nothing_is_credited_on_what_is_paid(run: Run, paid_number: str) -> None:
    assert f"Nothing is owed on {paid_number}" in one_line(run("credit", paid_number, *DONE))


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
@pytest.mark.parametrize("command", ["refund", "credit", "write-off"])
def test_a_program_must_say_why(run: Run, paid_number: str, command: str, reason: tuple[str, ...]) -> None:
    without = run(command, paid_number, "--yes", *reason, typed="agreed by phone\n")

    assert without.exit_code == 2
    assert "Missing option '--reason'." in without.stderr


def test_advice_works_as_it_is_copied_because_a_person_is_asked_why(
    run: Run, open_number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.cli.asking.a_person_is_there", lambda: True)

    done = run("credit", open_number, "--amount", "50", "--now", typed="agreed by phone\ny\n")

    assert done.stdout.startswith(f"{open_number} asks for 50.00 EUR less. "), done.output
    assert done.stderr.startswith("Reason (it is kept): ")
    assert found("select reason from commands where name = 'credit'") == [("agreed by phone",)]
