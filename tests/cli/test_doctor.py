"""`billing doctor`: one line for each thing, ok or what to do."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from billed_studio import Run, Studio, one_line
from sqlalchemy import text

from billing.adapters.documents import faces
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.bootstrap import SQL
from billing.cli.doctor import examination, ledger, machine
from billing.domain.errors import PermanentError
from billing.sandbox.faults import add as add_fault
from billing.settings import load_settings


def _free_ports(count: int = 5) -> list[str]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture
def ports() -> tuple[str, ...]:
    names = ("--sandbox-port", "--smtp-port", "--dagster-port", "--dashboard-port", "--portal-port")
    return tuple(word for pair in zip(names, _free_ports(), strict=True) for word in pair)


def _findings(run: Run, ports: tuple[str, ...]) -> dict[str, tuple[bool | None, str]]:
    found = json.loads(run("doctor", "--json", *ports).stdout)
    return {one["name"]: (one["is_ok"], one["sentence"]) for one in found}


def test_all_is_well_in_a_studio_that_is_set_up(run: Run, ports: tuple[str, ...]) -> None:
    shown = run("doctor", *ports)

    assert shown.exit_code == 0, shown.output
    assert all(line.startswith("ok ") for line in shown.stdout.splitlines())
    assert len(shown.stdout.splitlines()) == len(examination.CHECKS) + 2


def test_the_money_scale_is_shown_by_an_order_that_agrees(run: Run, ports: tuple[str, ...]) -> None:
    is_ok, sentence = _findings(run, ports)["money_scale"]

    assert is_ok
    assert "EUR: is that what VSCO Workspace shows?" in sentence


def test_all_settings_that_are_missing_are_named_at_once(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BILLING_VSCO_API_KEY")
    monkeypatch.delenv("BILLING_STUDIO_NAME")

    found = _findings(run, ports)

    assert found["settings"] == (
        False, "Set these in the environment or in .env: BILLING_VSCO_API_KEY, BILLING_STUDIO_NAME."
    )  # fmt: skip
    assert found["BILLING_VSCO_API_KEY"] == (False, "is missing")
    assert "MEND  BILLING_STUDIO_NAME is missing" in run("doctor", *ports).stdout


def test_an_empty_key_is_blamed_for_what_needs_it_and_nothing_else(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _findings(run, ports)
    monkeypatch.setenv("BILLING_STRIPE_API_KEY", "")

    found = _findings(run, ports)

    changed = {name for name in found if found[name] != before.get(name)}
    assert changed == {"settings", "BILLING_STRIPE_API_KEY", "stripe"}
    assert found["stripe"] == (None, "not looked at: BILLING_STRIPE_API_KEY is missing")


def test_what_hangs_on_another_line_is_not_blamed_once_more(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_VSCO_API_KEY", "wrong")
    monkeypatch.setenv("BILLING_LEDGER_URL", "sqlite:////dev/null/ledger.db")

    shown = run("doctor", *ports)

    wrong = [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("MEND")]
    skipped = [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("----")]
    assert wrong == ["database", "vsco"]
    assert skipped == ["ledger", "chains", "money_scale"]
    assert one_line(shown).startswith("2 of ")


def test_what_is_wrong_names_the_variables_that_set_it(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_SMTP_PORT", "1")

    assert _findings(run, ports)["smtp"][1].endswith(
        "Set by BILLING_SMTP_HOST, BILLING_SMTP_PORT, BILLING_SMTP_SECURITY."
    )


@pytest.mark.parametrize(
    ("setting", "value", "name", "said"),
    [
        ("BILLING_BILLING_STARTS_ON", "", "billing_starts_on", "first day whose sessions are billed"),
        ("BILLING_SMTP_PORT", "1", "smtp", "127.0.0.1:1"),
        ("BILLING_STRIPE_API_KEY", "pk_test_x", "stripe", "not a secret key"),
        ("BILLING_VSCO_API_KEY", "wrong", "vsco", "key"),
        ("BILLING_LEDGER_URL", "sqlite:////dev/null/ledger.db", "database", "/dev/null"),
    ],
)
def test_what_is_wrong_is_said_and_what_to_do(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, setting: str, value: str, name: str, said: str
) -> None:
    monkeypatch.setenv(setting, value)

    is_ok, sentence = _findings(run, ports)[name]

    assert not is_ok
    assert said in sentence


def test_the_exit_code_and_the_last_line_say_that_something_is_wrong(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_SMTP_PORT", "1")

    assert one_line(run("doctor", *ports)).endswith(" need something: smtp.")


def test_another_stripe_account_than_the_pinned_one_is_refused(run: Run, ports: tuple[str, ...]) -> None:
    _change("update pins set value = 'acct_other live' where name = 'stripe_account'")

    is_ok, sentence = _findings(run, ports)["stripe"]

    assert not is_ok
    assert "belongs to Stripe account acct_other live" in sentence


def test_a_broken_promise_of_the_ledger_is_named_with_its_first_row(run: Run, ports: tuple[str, ...]) -> None:
    _change("insert into invoice_lines select invoice_id, 99, 0, 'x', 'x', '1', 5, 5, 0, 0, 1 from invoices limit 1")

    is_ok, sentence = _findings(run, ports)["ledger"]

    assert not is_ok
    assert "Stop the pipeline and look" in sentence
    assert "invoice_totals_match_lines" in sentence
    is_ok, sentence = _findings(run, ports)["invoice_totals_match_lines"]
    assert not is_ok
    assert sentence.startswith("Not true: ")
    assert "First row: {" in sentence
    assert f"MEND  invoice_totals_match_lines {sentence}" in run("doctor", *ports).stdout


def test_a_row_of_the_books_that_was_changed_is_named(run: Run, ports: tuple[str, ...]) -> None:
    assert _findings(run, ports)["chains"][0]
    _change("drop trigger domain_events_refuses_update")
    _change("update domain_events set actor = 'somebody' where seq = 2")

    is_ok, sentence = _findings(run, ports)["chains"]

    assert not is_ok
    assert "changed, taken out or put in: domain_events " in sentence


def test_every_sentence_about_the_ledger_is_looked_at(run: Run, ports: tuple[str, ...]) -> None:
    looked_at = _findings(run, ports).keys()

    assert {path.stem for path in (SQL / "checks").glob("*.sql")} <= looked_at


def test_orders_that_all_miss_their_own_totals_ask_for_the_other_scale(
    run: Run, ports: tuple[str, ...], studio: Studio
) -> None:
    store = studio.sandbox.store
    orders = store.newest("vsco.order")
    for order in orders:
        store.put("vsco.order", order["id"], {**order, "total": order["total"] + 1})
    try:
        is_ok, sentence = _findings(run, ports)["money_scale"]
    finally:
        for order in orders:
            store.put("vsco.order", order["id"], order)

    assert not is_ok
    assert "Try the other BILLING_VSCO_MONEY_SCALE" in sentence


def test_what_the_key_may_not_read_is_said_beside_what_it_opens(
    run: Run, ports: tuple[str, ...], studio: Studio
) -> None:
    fault = {"kind": "403", "path_prefix": "/tax-rate", "times": 2}  # for each of the two lines that read them
    add_fault(studio.sandbox.store, "vsco", fault)

    found = _findings(run, ports)

    assert found["vsco"][0]
    assert "GET /tax-rate (403); give the key that right" in found["vsco"][1]
    assert found["money_scale"][0]


@pytest.mark.parametrize("name", ["ledger.db", ".env"])
def test_what_others_on_the_machine_could_read_is_named_with_what_to_run(
    run: Run, ports: tuple[str, ...], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("DAGSTER_HOME", "LOGS"):
        monkeypatch.setattr(f"billing.cli.private_places.{place}", tmp_path / "none")
    assert _findings(run, ports)["secrecy"][0]
    (tmp_path / name).touch()
    (tmp_path / name).chmod(0o640)

    is_ok, sentence = _findings(run, ports)["secrecy"]

    assert not is_ok
    command = sentence.partition("run: ")[2].partition(". If")[0].removesuffix(".")
    assert command == f"chmod 600 {name if name == '.env' else tmp_path / name}"
    subprocess.run(shlex.split(command), check=True)
    assert _findings(run, ports)["secrecy"][0]
    assert "ledger.db-wal" not in sentence


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def test_a_taken_port_is_named_with_the_option_that_chooses_another(run: Run, taken_port: str) -> None:
    others = _free_ports(4)
    words = ("--dashboard-port", taken_port, "--dagster-port", others[0], "--smtp-port", others[1])

    is_ok, sentence = _findings(run, (*words, "--sandbox-port", others[2], "--portal-port", others[3]))["ports"]

    assert not is_ok
    assert f"{taken_port} (choose another with --dashboard-port)" in sentence


def test_the_port_of_the_web_hook_endpoint_counts_only_where_there_is_one(
    run: Run, ports: tuple[str, ...], taken_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*ports[:-1], taken_port)
    is_ok, sentence = _findings(run, words)["ports"]
    assert not is_ok
    assert f"{taken_port} (choose another with --portal-port)" in sentence

    monkeypatch.setenv("BILLING_STRIPE_WEBHOOK_SECRETS", "")

    assert _findings(run, words)["ports"] == (True, "free")


def test_it_is_said_whether_web_hooks_are_taken_and_from_where(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "from this machine only" in _findings(run, ports)["web_hooks"][1]

    monkeypatch.setenv("BILLING_STRIPE_WEBHOOK_SECRETS", "whsec_new | whsec_old")
    monkeypatch.setenv("BILLING_PORTAL_HOSTS", "hooks.northlight.example|127.0.0.1")
    said = _findings(run, ports)["web_hooks"]
    assert said == (True, "on, with 2 signing secret(s), reached as hooks.northlight.example")

    monkeypatch.setenv("BILLING_STRIPE_WEBHOOK_SECRETS", "")
    assert _findings(run, ports)["web_hooks"][1].startswith("off: what Stripe reports is polled")


def test_a_machine_without_pango_is_told_what_to_install(
    run: Run, ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_pango(_name: str) -> None:
        raise OSError("cannot load library 'pango-1.0-0'")

    monkeypatch.setattr(machine.importlib, "import_module", no_pango)

    with pytest.raises(PermanentError, match="Pango is missing; install libpango"):
        machine.pdf(load_settings())


def test_what_each_invoice_would_fail_at_is_found_before_there_is_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "a sheet with the studio's head was tried out" in machine.pdf(load_settings())

    monkeypatch.setenv("BILLING_STUDIO_TERMS", "𐤀 owes.")
    with pytest.raises(PermanentError, match=r"no invoice could be printed; tried out: No font has .* in “𐤀 owes.”"):
        machine.pdf(load_settings())

    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path transform="rotate(x)"/></svg>')
    monkeypatch.setenv("BILLING_STUDIO_TERMS", "")
    monkeypatch.setenv("BILLING_STUDIO_LOGO", str(logo))
    with pytest.raises(PermanentError, match="tried out: The typesetter says: Failed to render SVG image"):
        machine.pdf(load_settings())


def test_missing_fonts_are_named_with_their_scripts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "OTHERS", (replace(faces.OTHERS[-1], package="not_there"),))

    with pytest.raises(PermanentError, match=r"pip install: not-there \(Chinese, Japanese, Korean\)"):
        machine.pdf(load_settings())


def test_an_old_sqlite_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "SQLITE_WANTED", (99, 0, 0))

    with pytest.raises(PermanentError, match="can damage the ledger"):
        ledger.version_of(SqlLedger(os.environ["BILLING_LEDGER_URL"]))


def test_review_mode_says_that_invoices_wait(run_in_review: Run, ports: tuple[str, ...]) -> None:
    assert _findings(run_in_review, ports)["delivery_mode"] == (True, "review: invoices wait for `billing approve`")


def test_up_refuses_while_something_essential_is_wrong(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_BILLING_STARTS_ON", "")

    refused = run("up")

    assert "MEND  billing_starts_on" in refused.stdout
    assert one_line(refused) == "Mend what is written above, then `billing up` again."


def _change(statement: str) -> None:
    with SqlLedger(os.environ["BILLING_LEDGER_URL"]).engine.begin() as connection:
        connection.execute(text(statement))
