"""A disk that runs full is told of by whatever a person or cron asks: status, needs-attention, watchdog, doctor."""

from __future__ import annotations

import errno
import json
import os

import pytest
from billed_studio import Run, one_line

from billing.adapters.disks import Disks
from billing.bootstrap import disks_of
from billing.cli.doctor import ledger, machine
from billing.cli.group import sentence_of
from billing.domain.errors import PermanentError
from billing.ports.disks import Place
from billing.settings import Settings, load_settings

MORE_THAN_ANY_DISK_MB = "900000000000"


@pytest.fixture
def short(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The studio's commands on a disk that has less room than it keeps for the ledger."""
    monkeypatch.setenv("BILLING_DISK_RESERVE_MB", MORE_THAN_ANY_DISK_MB)
    return run


class FullDisk(Disks):
    """A disk that takes nothing more, whatever is true of the real one."""

    def look(self) -> list[Place]:
        return [Place("the ledger and the figures", "/srv", 0, 1, os.strerror(errno.ENOSPC))]


@pytest.fixture
def full(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    def full_disk(settings: Settings) -> Disks:
        return FullDisk(None, settings.warehouse_path, 1)

    for module in ("status", "watchdog", "doctor.machine", "doctor.ledger"):
        monkeypatch.setattr(f"billing.cli.{module}.disks_of", full_disk)
    return run


def test_nothing_is_said_of_a_disk_with_room(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_DISK_RESERVE_MB", "1")

    assert json.loads(run("status", "--json").stdout)["disk"] == []
    assert "DISK" not in run("status").stdout


def test_status_says_that_a_disk_runs_full_and_counts_it_among_what_needs_a_person(short: Run) -> None:
    found = json.loads(short("status", "--json").stdout)

    assert "are to stay free for the ledger" in found["disk"][0]
    assert found["needs_attention"] >= 1
    assert short("status").stdout.splitlines()[2].startswith("DISK")


def test_needs_attention_lists_it_once_though_the_watchdog_has_taken_a_note_of_it(short: Run) -> None:
    short("watchdog")

    items = [one for one in json.loads(short("needs-attention", "--json").stdout) if one["code"] == "disk_short"]

    assert [one["commands"] for one in items] == [["billing doctor"]]


def test_the_watchdog_says_it_and_ends_with_one(short: Run) -> None:
    assert "are to stay free for the ledger (BILLING_DISK_RESERVE_MB)" in one_line(short("watchdog"))


def test_the_doctor_says_it_and_finds_the_database_well(short: Run) -> None:
    with pytest.raises(PermanentError, match="are to stay free for the ledger"):
        machine.disk(load_settings())
    assert "writable" in ledger.database(load_settings())


def test_a_full_disk_is_said_by_status_watchdog_and_doctor_though_nothing_can_be_kept(full: Run) -> None:
    said = "Nothing can be written to the ledger at /srv: its disk is full (No space left on device). Make room there."

    assert said in json.loads(full("status", "--json").stdout)["disk"][0]
    assert said in full("needs-attention").stdout
    assert said in one_line(full("watchdog"))
    with pytest.raises(PermanentError, match="its disk is full"):
        machine.disk(load_settings())
    with pytest.raises(PermanentError, match="The ledger cannot grow: its disk is full"):
        ledger.database(load_settings())


def test_the_disk_that_is_looked_at_is_the_ledgers(run: Run) -> None:
    settings = load_settings()

    (place,) = disks_of(settings).look()

    assert (place.holds, place.refused) == ("the ledger and the figures", None)
    assert settings.ledger_url.endswith(f"{place.folder}/ledger.db")


def test_what_the_machine_refuses_is_a_sentence_and_not_the_name_of_a_class() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    said = "The machine refused it: its disk is full ([Errno 28] No space left on device). Make room there."
    assert sentence_of(full) == said
