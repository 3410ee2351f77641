"""What goes wrong is one clear line, and never a traceback unless it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from billed_studio import Run, one_line
from click.testing import CliRunner

from billing.cli import status as status_module
from billing.cli.group import billing, main, sentence_of
from billing.cli.tables import printable, table, width


def test_without_settings_every_problem_is_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("VSCO_API_KEY", "STRIPE_API_KEY", "STUDIO_NAME", "STUDIO_EMAIL"):
        monkeypatch.delenv(f"BILLING_{name}", raising=False)

    assert "BILLING_STUDIO_EMAIL is missing" in one_line(CliRunner().invoke(billing, ["status"]))


def test_an_unexpected_error_is_named_and_says_how_to_see_more(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_office: object) -> None:
        raise ZeroDivisionError("division by zero\nand more")

    monkeypatch.setattr(status_module, "_status", breaks)

    assert one_line(run("status")) == "ZeroDivisionError: division by zero (`billing --debug …` shows where)"
    assert isinstance(run("--debug", "status").exception, ZeroDivisionError)


def test_an_error_without_words_is_said_nevertheless() -> None:
    assert sentence_of(RuntimeError()) == "RuntimeError: no more is known (`billing --debug …` shows where)"


BILLING = Path(sys.executable).with_name("billing")


@pytest.mark.parametrize("words", [["--help"], ["doctor"], ["needs-attention"]])
def test_a_reader_who_goes_away_ends_it_quietly(words: list[str], run: Run) -> None:
    assert run is not None  # for its settings
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as nobody:
        ended = subprocess.run([BILLING, *words], stdout=nobody, stderr=subprocess.PIPE, text=True, check=False)

    assert ended.stderr == ""


def test_a_line_that_broke_elsewhere_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_office: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(status_module, "_status", breaks)

    assert one_line(run("status")) == "A line that this command wrote to was closed at its other end."


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(billing, ["invoices"]).exit_code == 2


def test_the_entry_point_shows_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["billing", "--help"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert "needs-attention" in capsys.readouterr().out


def test_columns_line_up_in_every_script() -> None:
    lines = table(("Name", "Amount"), [("佐藤 美咲", "1.00"), ("e\u0301a", "20.00")], right=("Amount",)).splitlines()

    assert {width(line) for line in lines} == {width(lines[0])}


def test_wide_cells_are_cut_but_not_the_last() -> None:
    row = table(("A", "B"), [("x" * 99, "y" * 99)]).splitlines()[2]

    assert row == f"{'x' * 33}…  {'y' * 99}"


def test_a_name_from_outside_cannot_move_the_cursor() -> None:
    assert printable("a\x1b[2Jb\u202ec\nd") == "a [2Jb c d"
