"""Which servers there are, that they listen on loopback only, when they answer, and what is noted when one dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from billed_studio import Run, Studio, one_line

from billing.bootstrap import running_file
from billing.cli import server_ends
from billing.cli.demo import wait_for
from billing.cli.demo.live import servers_of
from billing.cli.demo.place import Place
from billing.cli.greeting import greet
from billing.cli.ports import Ports
from billing.cli.supervisor import answers, supervise, wait_until_all_answer
from billing.cli.up import _servers
from billing.domain.errors import PermanentError
from billing.processes.alone import alone
from billing.processes.supervisor import Server
from billing.sandbox.server import running_sandbox
from billing.settings import load_settings


def test_addresses_are_shown_when_they_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        greet(tmp_path, {"sandbox": (f"{sandbox.url}/health", sandbox.url)})

    assert capsys.readouterr().out.splitlines()[2].split() == ["sandbox", sandbox.url]
    assert not answers(f"{sandbox.url}/health")


def test_who_does_not_answer_is_named_with_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.cli.supervisor._PATIENCE_SECONDS", 0)

    with pytest.raises(PermanentError, match=r"dagster does not answer at .*; see .*dagster\.log"):
        wait_until_all_answer({"dagster": "http://127.0.0.1:1/"}, tmp_path)


def test_the_daemon_begins_when_its_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _path, command: began.append(command))
    monkeypatch.setattr("time.sleep", lambda _: (tmp_path / "live").touch())

    wait_for.main([str(tmp_path / "live"), "daemon", "run"])

    assert began == [["daemon", "run"]]


def test_the_test_client_is_not_fooled_by_an_error_page(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        assert httpx.get(f"{sandbox.url}/none").status_code == 404
        assert not answers(f"{sandbox.url}/none")


def test_every_server_of_up_and_of_the_demo_is_told_to_listen_on_loopback_only(tmp_path: Path) -> None:
    ports, place = Ports(18800, 18825, 13000, 18501, 18600), Place(tmp_path)
    place.prepare()
    servers = [*servers_of(place, ports), *_servers(ports, tmp_path, has_endpoint=True)]
    commands = {one.name: list(one.command) for one in servers}

    assert _word_after(commands["dagster"], "--host") == "127.0.0.1"
    assert _word_after(commands["dashboard"], "--host") == "127.0.0.1"
    assert _word_after(commands["portal"], "--host") == "127.0.0.1"
    listening = {"sandbox", "dagster", "dashboard", "portal"}
    assert commands.keys() == listening | {"daemon", "demo", "billing"}  # which do not listen
    assert not [word for command in commands.values() for word in command if "0.0.0.0" in word or "::" in word]


def test_the_web_hook_endpoint_is_started_where_there_is_a_secret_for_it(tmp_path: Path) -> None:
    names = [
        {one.name for one in _servers(Ports(), tmp_path, has_endpoint=has_endpoint)} for has_endpoint in (True, False)
    ]

    assert names[0] - names[1] == {"portal"}


def test_the_sandbox_listens_on_loopback_only_and_cannot_be_told_otherwise(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
        said = subprocess.run(
            [sys.executable, "-m", "billing.sandbox", "--help"], capture_output=True, text=True, check=True
        )
        assert "--host" not in said.stdout
        for port in (int(sandbox.url.rpartition(":")[2]), sandbox.smtp_port):
            assert _listens_on(port) == {"127.0.0.1"}


def _word_after(command: list[str], option: str) -> str:
    assert command.count(option) == 1
    return command[command.index(option) + 1]


def _listens_on(port: int) -> set[str]:
    """The addresses of this port's listening sockets, as Linux lists them."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    found = {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
    return {"127.0.0.1" if address.startswith("0100007F:") else address for address in found}


def test_a_server_that_dies_is_counted_in_the_ledger_said_and_started_again(run: Run, tmp_path: Path) -> None:
    """From the supervisor by its own process to what `billing status` shows; the second life ends well."""
    second_life = f"test -e {tmp_path}/lived || {{ touch {tmp_path}/lived; kill -9 $$; }}"
    server = Server("dashboard", ("sh", "-c", second_life), directory=tmp_path, may_end=True)

    with alone(tmp_path / "running", {}, "It") as lock:
        supervise([server], os.environ, tmp_path / "logs", [lock])

    shown = _until_shown(run)
    assert shown["servers_restarted_in_a_day"][0].startswith("dashboard once, last on ")
    assert shown["servers_restarted_in_a_day"][0].endswith(" was ended by signal 9 (Killed)")
    assert "restarted" in run("status").stdout


def test_where_nothing_can_be_noted_servers_are_started_again_all_the_same(tmp_path: Path) -> None:
    second_life = f"test -e {tmp_path}/lived || {{ touch {tmp_path}/lived; exit 3; }}"
    server = Server("loud", ("sh", "-c", second_life), quiet=False, directory=tmp_path, may_end=True)
    (tmp_path / "logs").touch()  # no folder, and no place for one

    with alone(tmp_path / "running", {}, "It") as lock:
        supervise([server], os.environ, tmp_path / "logs", [lock])

    assert (tmp_path / "lived").exists()


def _until_shown(run: Run) -> Any:
    deadline = time.monotonic() + 60
    while True:
        shown = json.loads(run("status", "--json").stdout)
        if shown["servers_restarted_in_a_day"] or time.monotonic() > deadline:
            return shown
        time.sleep(0.2)


def test_the_owner_is_mailed_of_a_server_that_dies_again_and_again_though_no_daemon_runs(
    run: Run, studio: Studio
) -> None:
    before = studio.world.oracle()["counts"]["mail.accepted"]
    for second in range(4):
        at = f"2026-11-30T12:00:0{second}+00:00"
        end = {"server": "daemon", "ended_at": at, "exit_code": 1, "signal": None, "lived_seconds": 1}
        server_ends.main([json.dumps(end)])

    assert studio.world.oracle()["counts"]["mail.accepted"] == before + 1
    assert "The server daemon ended 4 times in ten minutes" in run("needs-attention").stdout

    server_ends.main([json.dumps({"server": "daemon", "steady": True})])
    assert "The server daemon" not in run("needs-attention").stdout


def test_a_ledger_that_cannot_be_reached_does_not_stop_who_would_note_it(
    monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "spoiled.db").write_text("no database")
    monkeypatch.setenv("BILLING_LEDGER_URL", f"sqlite:///{tmp_path / 'spoiled.db'}")

    with pytest.raises(SystemExit, match=r"^The ledger's database cannot be used"):
        server_ends.main([json.dumps({"server": "daemon", "steady": True})])


def test_a_second_up_on_one_ledger_is_told_of_the_first_and_of_no_other_port(run: Run, tmp_path: Path) -> None:
    path = running_file(load_settings())
    with alone(path, {"dashboard": "http://127.0.0.1:8501"}, "`billing up` for this ledger"):
        refused = run("up", "--dagster-port", "13000", "--dashboard-port", "18501", "--portal-port", "18600")
        status = run("status").stdout

    assert f"`billing up` for this ledger runs already: process {os.getpid()}" in one_line(refused)
    assert "choose another" not in refused.output
    assert f"process {os.getpid()}" in status
    assert "do not run here" in run("status").stdout


def test_a_ledger_has_one_lock_whatever_way_leads_to_its_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "way").symlink_to(tmp_path)
    found = set()
    for url in (f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/way/ledger.db", "sqlite:///ledger.db"):
        monkeypatch.setenv("BILLING_LEDGER_URL", url)
        found.add(running_file(load_settings()))

    assert found == {tmp_path.resolve() / "ledger.db.running"}


def test_two_ledgers_of_one_installation_do_not_share_its_daemon(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.cli.up.DAGSTER_HOME", tmp_path / "dagster")
    with alone(tmp_path / "dagster" / "running", {}, "`billing up` of this installation"):
        refused = run("up")

    assert f"`billing up` of this installation runs already: process {os.getpid()}" in one_line(refused)
