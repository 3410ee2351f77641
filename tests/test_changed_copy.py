"""What `make mutation` counts on: which copy is under test, what it imports anew, and which tests it meets first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import changed_copy
import mutation_budget
import pytest

ROOT = Path(__file__).parents[1]
LEDGERS = "billing.adapters.ledger.invoices.x__awaiting_grant"
_ANEW = """
import sys
from pathlib import Path
import changed_copy
changed_copy.STATS = Path("pyproject.toml")  # any file that is there
import billing.adapters.ledger.unit_of_work as before
changed_copy.import_anew()
import billing.adapters.ledger.unit_of_work as after
print(after is not before)
"""


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which copies are tried, with what the tests took."""
    stats = {
        "duration_by_test": {"first": 0.1, "slow": 8.0, "quick": 0.1, "long": 30.0, "other": 0.1},
        "tests_by_mangled_function_name": {
            LEDGERS: ["first"],
            "billing.adapters.ledger.invoices.x\u01c1SqlInvoices\u01c1get": ["quick", "slow"],
            "billing.adapters.ledger.invoices.x__as_text": ["quick"],
            "billing.adapters.ledger.columns.x_day": ["first"],
            "billing.domain.money.x_split": ["first"],
        },
    }
    (tmp_path / "mutmut-stats.json").write_text(json.dumps(stats), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def chosen() -> list[str]:
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in ("slow", "quick", "long", "other")]
    mutation_budget.pytest_collection_modifyitems(items)
    return [item.nodeid for item in items]


@pytest.mark.parametrize(
    ("under_test", "function"),
    [(f"{LEDGERS}__mutmut_3", LEDGERS), ("stats", None), ("fail", None), ("", None)],
)
def test_only_a_changed_copy_is_one(
    copies: Path, monkeypatch: pytest.MonkeyPatch, under_test: str, function: str | None
) -> None:
    monkeypatch.setenv("MUTANT_UNDER_TEST", under_test)

    assert changed_copy.changed_function() == function


@pytest.mark.parametrize(
    ("under_test", "is_anew"),
    [
        (f"{LEDGERS}__mutmut_0", True),
        ("billing.adapters.ledger.effects.x\u01c1SqlEffects\u01c1reopen__mutmut_0", False),  # a method runs later
        ("billing.domain.money.x_split__mutmut_0", False),
    ],
)
def test_a_copy_of_what_runs_at_import_is_imported_anew_and_works(under_test: str, is_anew: bool) -> None:
    """Number 0 changes nothing: what is imported anew must not be noticed for that alone."""
    env = os.environ | {"MUTANT_UNDER_TEST": under_test, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'support'}"}
    done = subprocess.run(
        [sys.executable, "-c", _ANEW], env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, str(is_anew)), done.stderr


def test_what_noticed_a_change_of_the_same_function_comes_first_and_no_more_than_the_budget(
    copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUTANT_UNDER_TEST", f"{LEDGERS}__mutmut_3")
    assert chosen() == ["quick", "other", "slow"]

    (copies / "noticed.txt").write_text(f"billing.x_f other\n{LEDGERS} other\n", encoding="utf-8")
    assert chosen() == ["other", "quick", "slow"]

    monkeypatch.setenv("MUTANT_UNDER_TEST", "")
    assert chosen() == ["slow", "quick", "long", "other"]


@pytest.mark.parametrize(
    ("function", "tests"),
    [
        (LEDGERS, ["quick", "slow"]),
        ("billing.adapters.ledger.columns.x_day", ["quick", "slow"]),  # all of its module runs at import
        ("billing.adapters.ledger.invoices.x__as_text", ["as mutmut says"]),  # it runs later
        ("billing.domain.money.x_split", ["as mutmut says"]),
    ],
)
def test_what_runs_at_import_meets_the_tests_that_go_by_its_module(
    copies: Path, monkeypatch: pytest.MonkeyPatch, function: str, tests: list[str]
) -> None:
    monkeypatch.setenv("MUTANT_UNDER_TEST", f"{function}__mutmut_1")
    config: Any = SimpleNamespace(args=["as mutmut says"])

    mutation_budget.pytest_configure(config)

    assert config.args == tests


def test_who_notices_is_noted_with_the_function(copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTANT_UNDER_TEST", f"{LEDGERS}__mutmut_3")
    for nodeid, failed in (("quick", True), ("slow", False)):
        report: Any = SimpleNamespace(nodeid=nodeid, failed=failed)
        mutation_budget.pytest_runtest_logreport(report)

    assert (copies / "noticed.txt").read_text(encoding="utf-8") == f"{LEDGERS} quick\n"
