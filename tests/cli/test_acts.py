"""What people ask for goes through the command queue: with an actor, a reason and a time."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from billed_studio import Run, one_line
from sqlalchemy import text

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.effects import EffectKind, EffectState, Intent, Outcome

CHEQUE = ("--on", "2026-03-31", "--method", "cheque", "--reference", "1077", "--yes", "--now")
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def ledger(run: Run) -> SqlLedger:
    """The copy that `run` works on."""
    assert run is not None
    return SqlLedger(os.environ["BILLING_LEDGER_URL"])


def test_a_cheque_is_recorded_to_the_cent(run: Run, open_number: str) -> None:
    before = json.loads(run("invoice", "show", open_number, "--json").stdout)["balance_minor"]

    done = run("payment", "record", open_number, "120.50", *CHEQUE)

    assert done.stdout == f"Recorded 120.50 EUR for {open_number}.\n"
    assert json.loads(run("invoice", "show", open_number, "--json").stdout)["balance_minor"] == before - 12050


def test_the_same_cheque_is_recorded_once(run: Run, open_number: str) -> None:
    run("payment", "record", open_number, "10", *CHEQUE)

    assert "is recorded already" in one_line(run("payment", "record", open_number, "10", *CHEQUE))


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("1.500", "1.500 is 1.50 or 1,500.00 EUR?"),
        ("-5", "write it like 120.50"),
        ("NaN", "no amount"),
        ("0.005", "finer than EUR goes"),
        ("99999999999999999999", "more than can be booked"),
    ],
)
def test_an_amount_that_is_none_is_refused(run: Run, open_number: str, amount: str, said: str) -> None:
    assert said in one_line(run("payment", "record", *CHEQUE, "--", open_number, amount))


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (("payment", "record", "{}", "5", "--method", "cash", "--reference", "1", "--on", "2062-01-01"), "is to come"),
        (("payment", "record", "{}", "5", "--method", "cash", "--reference", "1", "--on", "1926-01-01"), "five years"),
        (("refund", "{}", "--reason", "r", "--by-hand", "cash", "--on", "2062-01-01"), "is to come"),
        (("gallery", "opened", "eff_1", "--url", "https://g.example", "--expires-on", "2006-01-01"), "is over"),
        (("credit", "{}", "--reason", "r", "--amount", "1,000"), "1,000 is 1.00 or 1,000.00 EUR?"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked_for(
    run: Run, open_number: str, ledger: SqlLedger, act: tuple[str, ...], said: str
) -> None:
    refused = run(*(word.format(open_number) for word in act))

    assert refused.exit_code == 1
    assert said in one_line(refused)
    assert not _commands(ledger)


def test_a_money_act_asks_first_and_a_no_changes_nothing(run: Run, open_number: str, ledger: SqlLedger) -> None:
    words = [word for word in CHEQUE if word != "--yes"]

    refused = run("payment", "record", open_number, "120.50", *words, typed="n\n")

    assert refused.exit_code == 1
    assert "Record 120.50 EUR by cheque" in refused.stderr
    assert "received on 31 March 2026, for " in refused.stderr
    assert not _commands(ledger)


def test_every_act_keeps_who_asked_and_why(run: Run, open_number: str, ledger: SqlLedger) -> None:
    run("invoice", "void", open_number, "--reason", "wrong client", "--actor", "ingrid", "--yes", "--now")

    assert _commands(ledger) == [("void", "ingrid", "wrong client", "done")]


def test_a_voided_invoice_owes_nothing_and_is_voided_once(run: Run, open_number: str) -> None:
    act = ("invoice", "void", open_number, "--reason", "wrong client", "--yes", "--now")
    run(*act)

    assert run("invoice", "show", open_number).stdout.endswith("void\n")
    assert "is void already" in one_line(run(*act))


def test_a_charge_is_stopped_only_where_one_waits(run: Run, open_number: str, paid_number: str) -> None:
    act = ("--reason", "they would rather transfer it", "--yes", "--now")

    assert "it is paid by link" in one_line(run("invoice", "stop-autopay", open_number, *act))
    assert "it is paid; `billing refund` gives money back" in one_line(
        run("invoice", "stop-autopay", paid_number, *act)
    )


def test_without_a_pipeline_the_command_waits_and_says_so(run: Run, open_number: str, ledger: SqlLedger) -> None:
    waiting = run("reminders", "pause", open_number, "--reason", "in hospital", "--wait", "1")

    assert waiting.exit_code == 0
    assert "still waits: the pipeline does not run; start it with `billing up`." in waiting.stderr
    assert _commands(ledger)[0][3] == "waiting"


def test_why_a_command_waits_is_known_by_the_beats_of_the_pipeline(
    run: Run, open_number: str, ledger: SqlLedger
) -> None:
    act = ("reminders", "pause", open_number, "--reason", "in hospital", "--wait", "1")
    with ledger.write() as uow:
        uow.operations.beat("due_work", timedelta(minutes=1), datetime.now(UTC) - timedelta(hours=1))
    assert "the pipeline does not run, and last did its work on " in run(*act).stderr

    with ledger.write() as uow:
        uow.operations.beat("due_work", timedelta(minutes=1), datetime.now(UTC))

    assert "still waits: the pipeline runs, and is at other work." in run(*act).stderr


def test_asking_without_waiting_names_the_command(run: Run, open_number: str) -> None:
    assert run("reminders", "pause", open_number, "--reason", "x", "--wait", "0").stderr.startswith(
        "asked for; command "
    )


def test_reminders_are_paused_and_go_on(run: Run, open_number: str) -> None:
    paused = run("reminders", "pause", open_number, "--reason", "in hospital", "--now")
    resumed = run("reminders", "resume", open_number, "--reason", "back again", "--now")

    assert paused.stdout == f"Reminders of {open_number} are paused.\n"
    assert resumed.stdout == f"Reminders of {open_number} go on.\n"


def test_a_consent_is_recorded_and_revoked(run: Run) -> None:
    words = ("--customer", "cus_1", "--payment-method", "pm_1", "--label", "Visa ending 4242", "--text-version", "1")

    recorded = run("consent", "record", "01new", *words, "--reason", "signed", "--yes", "--now")
    revoked = run("consent", "revoke", "01new", "--reason", "asked", "--now")

    assert recorded.stdout == "01new may be charged: Visa ending 4242.\n"
    assert revoked.stdout == "01new is not charged any more.\n"
    assert "no consent to revoke" in one_line(run("consent", "revoke", "01new", "--reason", "asked", "--now"))


def test_a_consent_at_no_instant_is_refused(run: Run) -> None:
    words = ("--customer", "c", "--payment-method", "p", "--label", "l", "--text-version", "1", "--reason", "r")

    assert run("consent", "record", "01new", *words, "--consented-at", "yesterday", "--yes").exit_code == 2


def test_what_failed_is_tried_again(run: Run) -> None:
    bounced = next(one for one in json.loads(run("needs-attention", "--json").stdout) if one["code"] == "effect_failed")
    effect = bounced["commands"][0].split()[2]

    done = run("retry", f" {effect} ", "--yes", "--now")

    assert "is tried again" in done.stdout
    assert "has not failed" in one_line(run("retry", effect, "--yes", "--now"))


def test_a_person_is_asked_once_it_was_looked_at_what_would_be_tried_again(run: Run, ledger: SqlLedger) -> None:
    bounced = next(one for one in json.loads(run("needs-attention", "--json").stdout) if one["code"] == "effect_failed")
    effect = bounced["commands"][0].split()[2]

    asked = run("retry", effect, typed="n\n").stderr
    elsewhere = run("retry", effect, "--to", "ada@example.com", typed="n\n").stderr

    assert "Sending the invoice mail about INV-" in asked
    assert "to gone.away@bounce.example has failed (mail bounced). Do it again? [y/N]" in asked
    assert "(mail bounced). Send it to ada@example.com instead? [y/N]" in elsewhere
    assert not _commands(ledger)


@pytest.mark.parametrize("act", [("retry", "eff_none"), ("settle", "eff_none", "--done", "--reason", "r")])
def test_nobody_is_asked_about_what_cannot_be_done(run: Run, ledger: SqlLedger, act: tuple[str, ...]) -> None:
    refused = run(*act, typed="y\n")

    assert one_line(refused).startswith("eff_none ")
    assert "[y/N]" not in refused.stderr
    assert not _commands(ledger)


def test_only_a_mail_goes_to_another_address(run: Run, ledger: SqlLedger) -> None:
    effect_id = _effect(ledger, Intent(EffectKind.CLOSE_PAY_LINK, "settled", "plink_x", {}), EffectState.FAILED)

    assert "is no mail" in one_line(run("retry", effect_id, "--to", "ada@example.com"))


def test_numbers_are_found_as_people_type_them(run: Run, open_number: str, ledger: SqlLedger) -> None:
    typed = f" {open_number.lower()} "

    assert run("invoice", "show", typed).stdout == run("invoice", "show", open_number).stdout
    assert run("invoice", "history", typed).stdout == run("invoice", "history", open_number).stdout
    assert run("invoice", "show", typed, "--as-billed").stdout.startswith("{")
    assert f"for {open_number}" in run("payment", "record", typed, "1", *CHEQUE).stdout
    assert open_number in run("credit", typed, "--amount", "1", "--reason", "r", "--yes", "--now").stdout
    assert open_number in run("reminders", "pause", typed, "--reason", "r", "--now").stdout
    assert open_number in run("invoice", "void", typed, "--reason", "r", "--yes", "--now").stdout


@pytest.mark.parametrize(("flag", "state"), [("--done", "done"), ("--not-done", "failed")])
def test_an_unknown_outcome_is_settled_by_a_person(run: Run, ledger: SqlLedger, flag: str, state: str) -> None:
    effect_id = _effect(ledger, Intent(EffectKind.CLOSE_PAY_LINK, "settled", "plink_x", {}), EffectState.UNKNOWN)

    done = run("settle", effect_id, flag, "--reason", "looked in Stripe", "--yes", "--now")

    assert f"is settled as {state}" in done.stdout


def test_a_gallery_opened_by_hand_is_told_to_the_client(run: Run, ledger: SqlLedger, paid_number: str) -> None:
    with ledger.read() as uow:
        row = uow.invoices.by_number(paid_number)
    assert row is not None
    grant: dict[str, str | int | None] = {
        "host": "manual",
        "gallery_id": "g9",
        "gallery_name": "Day",
        "expires_on": "2027-01-01",
    }
    effect_id = _effect(
        ledger, Intent(EffectKind.GRANT, "manual:g9", row.invoice.invoice_id, grant), EffectState.FAILED
    )

    done = run("gallery", "opened", effect_id, "--url", "https://g.example/x", "--expires-on", "2027-01-01", "--now")

    assert done.stdout == "The client is told of https://g.example/x.\n"


def test_a_matter_is_closed_once(run: Run) -> None:
    subject = json.loads(run("needs-attention", "--json").stdout)[0]["subject"]

    assert "Closed 1" in run("resolve", subject, "--reason", "done by hand", "--now").stdout
    assert "Nothing is open" in one_line(run("resolve", subject, "--reason", "again", "--now"))


def test_an_act_on_an_unknown_invoice_is_refused_before_it_is_asked_for(run: Run, ledger: SqlLedger) -> None:
    assert one_line(run("invoice", "void", "INV-9", "--reason", "r", "--yes")) == "There is no invoice INV-9."
    assert not _commands(ledger)


def test_an_act_without_an_actor_is_refused(run: Run, open_number: str) -> None:
    act = ("reminders", "pause", open_number, "--reason", "r", "--actor", " ")

    assert "needs to know who asks" in one_line(run(*act))


def _commands(ledger: SqlLedger) -> list[tuple[str, str, str, str]]:
    """Those asked for by people in this test: the session's clients asked for theirs before."""
    query = text("select name, actor, reason, state from commands where name <> 'record_consent' order by command_id")
    with ledger.engine.connect() as connection:
        return [(row.name, row.actor, row.reason, row.state) for row in connection.execute(query)]


def _effect(ledger: SqlLedger, intent: Intent, state: EffectState) -> str:
    with ledger.write() as uow:
        uow.effects.intend(intent, NOW)
        effect = next(one for one in uow.effects.claim([intent.kind], "test", NOW, NOW, 50) if one.key == intent.key)
        uow.effects.settle(effect, Outcome(state, "test", "a test says so"), NOW)
    return intent.effect_id
