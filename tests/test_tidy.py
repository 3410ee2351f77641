"""The style of the application, kept by a test: what a review would say again and again."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("billing", "pipelines", "assets", "sensors", "dashboards", "sql", "tests")
LINES_IN_A_FILE = 400
LINES_IN_A_FUNCTION = 60


def tracked(suffix: str) -> list[Path]:
    """Files of this kind that are, or are about to be, part of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if name.endswith(suffix) and (ROOT / name).is_file()]


PYTHON = [path for path in tracked(".py") if path.relative_to(ROOT).parts[0] in ROOMS]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_long() -> None:
    # A migration's tables are one list by nature.
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PYTHON
        if (lines := len(path.read_text().splitlines())) > LINES_IN_A_FILE and "versions" not in path.parts
    }

    assert long == {}


def test_no_function_is_long() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in PYTHON
        if "versions" not in path.parts
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > LINES_IN_A_FUNCTION
    ]

    assert long == []


def test_the_domain_has_no_float() -> None:
    floats = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in PYTHON
        if path.is_relative_to(ROOT / "billing" / "domain")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]

    assert floats == []


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    left = [str(path.relative_to(ROOT)) for path in PYTHON if marks.search(path.read_text())]

    assert left == []


def test_no_room_is_a_drawer() -> None:
    drawers = {"utils", "helpers", "common", "misc"}
    found = [path for path in PYTHON if drawers & {path.stem, *path.relative_to(ROOT).parts}]

    assert found == []


def test_every_sql_file_is_used() -> None:
    """Staging, marts and checks are found by their folder; anything elsewhere would be read by nobody."""
    homes = {"staging", "marts", "checks"}
    lost = [path for path in tracked(".sql") if path.parent.parent != ROOT / "sql" or path.parent.name not in homes]

    assert lost == []


@pytest.mark.parametrize("suffix", [".py", ".md", ".toml", ".yaml", ".sql", ".lock", "Makefile", "run"])
def test_no_text_names_this_machine_or_a_registry(suffix: str) -> None:
    places = re.compile(r"(^|[^A-Za-z0-9_.])/(work|root)/[a-z.]|://[^ ]*(pypi|pythonhosted|npmjs)\.")
    named = [str(path.relative_to(ROOT)) for path in tracked(suffix) if places.search(path.read_text())]

    assert named == []


def test_no_two_files_of_tests_have_one_name() -> None:
    """pytest tells modules apart by their names alone, and the second of two is an error."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))

    assert [name for name, times in names.items() if times > 1] == []
