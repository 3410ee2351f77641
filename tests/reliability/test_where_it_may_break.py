"""No row of "Where it may break" is without a test that is there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from where_it_may_break import ROWS, Row

TESTS = Path(__file__).parents[1]


def names_in(path: Path) -> set[str]:
    """What pytest collects there: functions of the module and methods of its Test classes."""
    top = ast.parse(path.read_text(encoding="utf-8")).body
    classes = [node for node in top if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
    found = [*top, *(node for one in classes for node in one.body)]
    return {node.name for node in found if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("row", "proofs"), ROWS.items(), ids=ROWS)
def test_the_row_has_tests_that_are_there(row: str, proofs: Row) -> None:
    assert proofs

    missing = [f"{file}::{name}" for file, name in proofs if name not in names_in(TESTS / file)]

    assert missing == []
