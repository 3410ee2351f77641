"""The demo's parts on their own: who pays when, what is compared, what is refused."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from billed_studio import Studio
from click.testing import CliRunner

from billing.adapters.ledger.checks import CheckResult
from billing.adapters.ledger.overview import EffectRow, Overview
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.cli import progress
from billing.cli.demo.clients import PayPlan
from billing.cli.demo.driver import Stage, upcoming
from billing.cli.demo.history import Diary
from billing.cli.demo.live import addresses, servers_of
from billing.cli.demo.place import Place, seed_world
from billing.cli.demo.promises import broken_checks, broken_promises
from billing.cli.demo.rounds import running_rounds
from billing.cli.demo.stories import tell_stories
from billing.cli.demo.summary import percentile, unexpected_failures
from billing.cli.demo.world import World
from billing.cli.group import billing
from billing.cli.ports import Ports, is_free, require_free
from billing.domain.errors import PermanentError
from billing.processes.alone import alone
from billing.sandbox.server import running_sandbox

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


def _mail(studio: Studio, number: int, email: str | None, link: str) -> dict[str, Any]:
    return {"id": number, "envelope_to": [str(email).upper()], "received_at": AT.isoformat(), "links": [link]}


def test_a_client_pays_so_many_days_after_the_first_mail(studio: Studio) -> None:
    client = next(one for one in studio.plan.clients if one.pays_link_after_days == 2 and one.email)
    pays = PayPlan(studio.plan)

    pays.read([_mail(studio, 1, client.email, "plink_1"), _mail(studio, 2, client.email, "plink_1")])

    assert pays.last_mail == 2
    assert pays.payable(AT + timedelta(days=1)) == []
    assert pays.payable(AT + timedelta(days=2)) == ["plink_1"]


def test_who_never_pays_and_who_is_not_of_the_plan_is_not_noted(studio: Studio) -> None:
    never = replace(studio.plan.clients[0], email="never@example.org", pays_link_after_days=None)
    pays = PayPlan(replace(studio.plan, clients=[never]))

    pays.read([_mail(studio, 1, never.email, "plink_1"), _mail(studio, 2, "nobody@example.org", "plink_2")])

    assert not pays.due


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (95, 4.0), (1, 1.0)])
def test_percentiles_are_nearest_rank(percent: int, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], percent) == value


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile([], 50) is None


def test_only_declined_cards_and_the_bounced_mailbox_may_fail() -> None:
    def effect(kind: str, state: str, code: str) -> EffectRow:
        return EffectRow("e", kind, "p", "s", f"{kind}:{code}", state, code)

    effects = [
        effect("charge", "failed", "try_later"),
        effect("mail", "failed", "mail_bounced"),
        effect("mail", "failed", "no_document"),
        effect("grant", "unknown", "unexpected"),
    ]

    assert unexpected_failures(effects, Diary(failed_runs=["a run failed"])) == [
        "a run failed",
        "mail:no_document is failed: no_document",
        "grant:unexpected is unknown: unexpected",
    ]


@pytest.fixture
def overview(studio: Studio) -> Overview:
    return Overview(SqlLedger(studio.environment["BILLING_LEDGER_URL"]).engine)


def test_a_world_in_which_all_was_done_once_breaks_no_promise(studio: Studio, overview: Overview) -> None:
    oracle = studio.oracle
    diary = Diary(completed=[job.id for job in studio.plan.jobs if job.completes_on])

    assert broken_promises(overview, oracle, oracle, studio.plan, diary) == []


def test_every_difference_is_said(studio: Studio, overview: Overview) -> None:
    oracle = json.loads(json.dumps(studio.oracle))
    oracle["charges"]["amount"] += 1
    oracle["mails"]["accepted"] += 1
    oracle["write_backs"]["duplicate_transaction_ids"] = ["pi_1"]
    after = {**oracle, "counts": {**oracle["counts"], "mail.accepted": 999}}

    said = " | ".join(broken_promises(overview, oracle, after, studio.plan, Diary(completed=["01unseen"])))

    assert "job 01unseen was completed and is neither billed nor set aside" in said
    assert "mails: " in said
    assert "captured: " in said
    assert "written back more than once: pi_1" in said
    assert "one more round changed mail.accepted" in said
    assert "unexpectedly" in said  # difficult sessions that this diary never completed


def test_a_difficult_session_that_is_not_set_aside_is_missed(studio: Studio, tmp_path: Path) -> None:
    from billing.adapters.ledger.migrate import migrate

    empty = SqlLedger(f"sqlite:///{tmp_path / 'empty.db'}")
    migrate(empty.engine)
    diary = Diary(completed=[studio.plan.difficult("voided_order").id])
    oracle = studio.oracle

    said = broken_promises(Overview(empty.engine), oracle, oracle, studio.plan, diary)

    assert any("should need attention for order_voided and does not" in one for one in said)


def test_a_broken_check_is_said_with_its_first_row() -> None:
    results = [CheckResult("a", "A holds.", []), CheckResult("b", "B holds.", [{"x": 1}])]

    assert broken_checks(results) == ["b has 1 violations: {'x': 1}"]


def test_each_session_has_its_story(studio: Studio, overview: Overview) -> None:
    stories = tell_stories(overview, SqlLedger(studio.environment["BILLING_LEDGER_URL"]), studio.plan)
    told = Counter(row[0] for row in stories)

    assert told[studio.plan.difficult("two_orders").name] == 2
    assert any(row[-1] == "missing email" for row in stories)
    assert any(row[5] == "yes" and row[6] == "open" for row in stories)
    assert any("mail bounced" in row[-1] for row in stories)


def test_a_taken_port_is_named_with_its_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]

        with pytest.raises(PermanentError, match=f"port {taken} is taken: choose another with --dagster-port"):
            require_free(Ports(dagster=taken), ("dagster",))

    assert is_free(taken)


def test_a_second_demo_says_where_the_first_one_runs(tmp_path: Path) -> None:
    place = Place(tmp_path)

    with alone(place.running, addresses(Ports(dashboard=8599)), "The demo"):
        refused = CliRunner().invoke(billing, ["demo", "--directory", str(tmp_path)])

    assert refused.exit_code == 1
    assert f"The demo runs already: process {os.getpid()}" in refused.stderr
    assert "dashboard http://127.0.0.1:8599" in refused.stderr


def test_the_same_world_goes_on_when_it_is_seeded_again(tmp_path: Path) -> None:
    place = Place(tmp_path)

    first, starts_on = seed_world(place, sessions=2, days=10)
    again = seed_world(place, sessions=9, days=99)

    assert again == (first, starts_on)
    assert first.currency == "EUR"
    with pytest.raises(PermanentError, match=r"counts in EUR; choose another --directory\.$"):
        seed_world(place, sessions=2, days=10, currency="JPY")


def test_the_demo_has_all_its_servers_and_the_daemon_waits(tmp_path: Path) -> None:
    servers = {one.name: one for one in servers_of(Place(tmp_path), Ports())}
    stage = Stage.load(tmp_path / "stage.json")

    assert list(servers) == ["sandbox", "dagster", "daemon", "dashboard", "portal", "demo"]
    assert "billing.cli.demo.wait_for" in servers["daemon"].command
    assert list(stage.addresses) == ["sandbox", "dagster", "dashboard", "portal", "inbox"]
    assert all("127.0.0.1" in shown for _, shown in stage.addresses.values())


def test_stripe_tells_the_endpoint_of_this_start_and_no_earlier_one(studio: Studio) -> None:
    studio.world.send_web_hooks_to("http://127.0.0.1:9/hooks/stripe")
    studio.world.send_web_hooks_to("http://127.0.0.1:10/hooks/stripe")

    endpoints = studio.sandbox.store.newest("stripe.webhook_endpoint")
    assert [one["url"] for one in endpoints] == ["http://127.0.0.1:10/hooks/stripe"]
    studio.sandbox.store.delete("stripe.webhook_endpoint", endpoints[0]["id"])
    studio.sandbox.store.set_setting("stripe:webhook_endpoints", "0")


def test_nothing_of_the_real_settings_gets_into_a_demo(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_JOB_TYPES", "Wedding")

    environment = Place(studio.directory).environment("http://127.0.0.1:1", 1, studio.plan, AT.date())

    assert "BILLING_JOB_TYPES" not in environment


def test_only_sessions_that_are_not_completed_are_still_to_come(studio: Studio, tmp_path: Path) -> None:
    assert upcoming(studio.world, PayPlan(studio.plan)) == []

    place = Place(tmp_path)
    plan, _ = seed_world(place, sessions=1, days=1)
    with running_sandbox(place.sandbox_state) as sandbox:
        days = [job.completes_on for job in upcoming(World(sandbox.url), PayPlan(plan))]

    assert days
    assert days == sorted(days)


def test_jobs_that_die_are_said_with_their_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such asset')"]

    with running_rounds({}, tmp_path, command) as rounds, pytest.raises(PermanentError, match="no such asset"):
        rounds.ask("round")


def test_a_round_that_failed_says_why(tmp_path: Path) -> None:
    answer = '{"jobs": {"bill": false}, "seconds": 1.5, "trouble": ["bill: no"]}'
    command = ["sh", "-c", f"read line; echo noise; echo {shlex.quote(answer)}; read line"]

    with running_rounds({"PATH": "/usr/bin:/bin"}, tmp_path, command) as rounds:
        done = rounds.ask("round")

    assert (done.failed, done.seconds) == (["bill: no"], 1.5)


def test_jobs_that_do_not_end_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.cli.demo.rounds._PATIENCE_SECONDS", 0.2)

    with running_rounds({"PATH": "/usr/bin:/bin"}, tmp_path, ["sleep", "60"]) as rounds:
        process = rounds._process

    assert process.returncode == -9


def test_progress_renews_its_line_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    progress.say("one")
    progress.say("two", last=True)

    assert capsys.readouterr().err == "\r\x1b[Kone\r\x1b[Ktwo\n"
