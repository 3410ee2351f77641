"""The documents that are made from the code say what the code does."""

from __future__ import annotations

import re

import click
import pytest

from billing.bootstrap import SQL
from billing.cli.reference import every_command, pages
from billing.settings import Settings

COMMANDS = list(every_command())


@pytest.mark.parametrize("place", ["docs/COMMANDS.md", "docs/SETTINGS.md", ".env.example"])
def test_the_page_is_what_make_docs_writes(place: str) -> None:
    assert (SQL.parent / place).read_text(encoding="utf-8") == pages()[place], "run `make docs`"


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_every_command_has_an_example_that_begins_with_its_own_words(
    path: tuple[str, ...], command: click.Command
) -> None:
    assert "Example" in (command.help or "")
    words = " ".join(path if len(path) > 1 else ("billing",))
    assert any(line.strip().startswith(words) for line in (command.help or "").splitlines())


def test_every_setting_is_described_and_can_be_copied() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"BILLING_{name.upper()}=" in pages()[".env.example"]


def test_every_variable_that_the_dashboard_reads_is_in_the_page_of_settings() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (SQL.parent / "dashboards").rglob("*.py")]
    read = set(re.findall(r"\bBILLING_[A-Z_]+", " ".join(sources)))

    assert "BILLING_DASHBOARD_EMAILS" in read
    part = pages()["docs/SETTINGS.md"].partition("## Of the dashboard")[2]
    assert all(f"| `{name}` |" in part for name in read)
    assert "BILLING_DASHBOARD_EMAILS=" in pages()[".env.example"]
