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
    assert {"crash_cases", "faults", "permutations", "power_loss", "races"} <= set(command["long_forms"]())
    assert "proof" not in command["long_forms"]()


def test_a_row_says_what_was_tried_what_did_not_hold_and_how_to_see_it(command: dict[str, Any]) -> None:
    proof = Proof("races for a charge", 200, ("case 7 charged twice",), 61.4, "make races")

    rows = command["table"]([proof]).splitlines()

    assert rows[-1] == "| races for a charge | 200 | 1 | 61 | `make races` |"


def test_what_tried_nothing_or_found_something_does_not_hold() -> None:
    nothing, found, fine = Count("nothing", ""), Count("found", ""), Count("fine", "")
    found.case(["it broke"])
    fine.case()

    assert [count.proof().holds for count in (nothing, found, fine)] == [False, False, True]


def test_a_long_form_that_breaks_off_is_a_violation_and_stops_no_other(command: dict[str, Any]) -> None:
    [proof] = command["run"](["no_such_module"], False)

    assert not proof.holds
    assert "no_such_module broke off" in proof.violations[0]


def test_the_table_goes_between_its_marks_and_nowhere_else() -> None:
    page = (HERE.parents[1] / "docs" / "RELIABILITY.md").read_text(encoding="utf-8")

    assert page.count("<!-- the last table: begin -->") == page.count("<!-- the last table: end -->") == 1
