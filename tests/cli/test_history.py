"""What happened to an invoice, as an operator reads it on the phone with the client."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from billed_studio import Run

from billing.cli.history import history_text
from billing.domain.events import DomainEvent

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def what(kind: str, body: dict[str, Any]) -> str:
    """The line of one event, from its third column on."""
    line = history_text([DomainEvent("e", kind, "inv_1", AT, "olga", body)], "EUR", BERLIN).splitlines()[-1]
    assert line.startswith("2026-07-02 00:30")
    return line.partition("olga  ")[2]


def test_all_that_happened_to_one_invoice_is_told_in_order_with_who_and_why(
    run: Run, paid_number: str, open_number: str
) -> None:
    run(
        "refund", paid_number, "--amount", "1.50", "--reason", "one print was lost", "--yes", "--now", "--actor", "olga"
    )
    run("credit", open_number, "--amount", "2", "--reason", "agreed by phone", "--yes", "--now")

    told = run("invoice", "history", paid_number).stdout
    head, _, *lines = told.splitlines()
    said = [line[head.index("What") :] for line in lines]

    order = ["invoice finalized, ", "invoice mailed to ", "payment recorded, ", "gallery mailed to ", "1.50 EUR of "]
    places = [next(at for at, line in enumerate(said) if line.startswith(start)) for start in order]
    assert places == sorted(places)
    assert "olga" in lines[-1]
    assert said[-1].endswith("(one print was lost)")
    assert open_number not in told


def test_a_script_gets_the_events_as_they_are_kept(run: Run, paid_number: str) -> None:
    told = json.loads(run("invoice", "history", paid_number, "--json").stdout)

    assert told[0]["kind"] == "invoice_finalized"
    assert told[0]["body"]["number"] == paid_number
    assert {"payment_recorded", "receipt_sent", "gallery_sent"} <= {event["kind"] for event in told}
    assert [event["at"] for event in told] == sorted(event["at"] for event in told)


def test_an_unknown_number_is_one_sentence(run: Run) -> None:
    unknown = run("invoice", "history", "INV-1999-0001")

    assert unknown.exit_code == 1
    assert "There is no invoice INV-1999-0001." in unknown.stderr


def test_each_event_is_one_line_in_the_words_of_the_business() -> None:
    assert what("invoice_finalized", {"amount_due_minor": 50_000, "number": "INV-1"}) == "invoice finalized, 500.00 EUR"
    reminder = {"purpose": "reminder:due_today", "to": "ada@example.org"}
    assert what("reminder_sent", reminder) == "reminder, due today mailed to ada@example.org"
    refund = {"amount_minor": 150, "reason": "a print was lost", "source_id": "re_1"}
    assert what("payment_refunded", refund) == "payment refunded, 1.50 EUR (a print was lost)"
    foreign = {"amount_minor": 54_000, "currency": "USD", "provider_object_id": "pi_1"}
    assert what("payment_recorded", foreign) == "payment recorded, 540.00 USD"
    refused = {"amount_minor": 1, "outcome": "Nothing is owed.", "reason": "by phone"}
    assert what("command_credit_refused", refused) == "refused: Nothing is owed (by phone)"
    done = {"outcome": "Reminders of INV-1 are paused.", "reason": ""}
    assert what("command_pause_reminders_done", done) == "Reminders of INV-1 are paused."
    assert what("gallery_granted", {}) == "gallery granted"
