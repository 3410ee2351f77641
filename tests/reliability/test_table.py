"""The one table of `make reliability`: who takes part, what a row says, and when the command fails."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from proof import Count, Proof

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def command() -> dict[str, Any]:
    return runpy.run_path(str(HERE / "__main__.py"), run_name="reliability")


def test_every_module_that_proves_takes_part(command: dict[str, Any]) -> None:
    assert command["long_forms"]() == ["crash_cases", "faults", "lives", "permutations", "power_loss", "races"]


def test_a_row_says_what_was_tried_what_did_not_hold_and_how_to_see_it(command: dict[str, Any]) -> None:
    proof = Proof("races for a charge", 200, ("case 7 charged twice",), 61.4, "make races")

    rows = command["rows_of"]([proof], "2026-11-22, 1ca3e4a")

    assert rows == {"races for a charge": "| races for a charge | 200 | 1 | 61 | 2026-11-22, 1ca3e4a | `make races` |"}


def test_what_tried_nothing_or_found_something_does_not_hold() -> None:
    nothing, found, fine = Count("nothing", ""), Count("found", ""), Count("fine", "")
    found.case(["it broke"])
    fine.case()

    assert [count.proof().holds for count in (nothing, found, fine)] == [False, False, True]


def test_a_long_form_that_breaks_off_is_a_violation_and_stops_no_other(command: dict[str, Any]) -> None:
    [proof] = command["run"](["no_such_module"], False)

    assert not proof.holds
    assert "no_such_module broke off" in proof.violations[0]


def test_what_was_not_run_again_keeps_its_row(command: dict[str, Any], tmp_path: Path) -> None:
    page, write = tmp_path / "page.md", command["write"]
    write.__globals__["DOCS"] = page
    page.write_text(f"above\n{command['BEGIN']}\n{command['END']}\nbelow\n", encoding="utf-8")

    write(command["rows_of"]([Proof("races", 1, (), 1, "r"), Proof("lives", 2, (), 2, "l")], "Monday"), all_anew=True)
    write(command["rows_of"]([Proof("lives", 9, (), 8, "l")], "Tuesday"), all_anew=False)

    lines = page.read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("above", "below")
    assert [line for line in lines if line.startswith("| ")][2:] == [
        "| races | 1 | 0 | 1 | Monday | `r` |",
        "| lives | 9 | 0 | 8 | Tuesday | `l` |",
    ]


def test_the_table_goes_between_its_marks_and_nowhere_else() -> None:
    page = (HERE.parents[1] / "docs" / "RELIABILITY.md").read_text(encoding="utf-8")

    assert page.count("<!-- the last table: begin -->") == page.count("<!-- the last table: end -->") == 1
