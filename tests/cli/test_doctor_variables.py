"""`billing doctor` about settings: what is misspelt, made up, or written where nobody reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from billed_studio import Run, one_line

from billing.bootstrap import SQL
from billing.cli.doctor import choices, variables
from billing.settings import load_settings

ROOT = SQL.parent


def said(run: Run) -> dict[str, str]:
    """What is wrong with each variable by name."""
    finding = variables.variables(load_settings())
    assert finding.is_ok is not bool(finding.details)
    return {one.name: one.sentence for one in finding.details}


def test_a_misspelt_variable_is_named_with_the_one_that_is_meant(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(run) == {}
    monkeypatch.setenv("BILLING_DELIVERY_MOD", "automatic")
    monkeypatch.setenv("BILLING_WHATEVER_IT_IS", "1")
    monkeypatch.setenv("BILING_DUE_DAYS", "3")

    assert said(run) == {
        "BILING_DUE_DAYS": "in the environment is no setting. Is BILLING_DUE_DAYS meant?",
        "BILLING_DELIVERY_MOD": "in the environment is no setting. Is BILLING_DELIVERY_MODE meant?",
        "BILLING_WHATEVER_IT_IS": "in the environment is no setting.",
    }


@pytest.mark.parametrize(
    ("line", "name", "sentence"),
    [
        ("BILLING_STUDIO_NAM=Light", "BILLING_STUDIO_NAM", "in .env is no setting. Is BILLING_STUDIO_NAME meant?"),
        ("DUE_DAYS=3", "DUE_DAYS", "in .env is no setting. Is BILLING_DUE_DAYS meant?"),
        ("BILLING_DAGSTER_PORT=3001", "BILLING_DAGSTER_PORT", "is not read from .env: set it in the environment"),
        ("BILLING_DUE_DAYS", "BILLING_DUE_DAYS", "has no value in .env: write BILLING_DUE_DAYS=…"),
        ("BILLING_DUE_DAYS=3\nBILLING_DUE_DAYS=4", "BILLING_DUE_DAYS", "is in .env more than once, and the last"),
        ("BILLING_STUDIO_NAME='North", "line 3", "of .env cannot be read: write NAME=value, with quotes"),
    ],
)
def test_a_line_of_the_file_without_effect_is_named(run: Run, line: str, name: str, sentence: str) -> None:
    Path(".env").write_text(f"# of the studio\nPATH=/usr/bin\n{line}\n")

    found = said(run)

    assert list(found) == [name]
    assert found[name].startswith(sentence)


def test_settings_in_small_letters_and_after_a_byte_order_mark_are_settings(run: Run) -> None:
    Path(".env").write_text(
        "\ufeffbilling_due_days=3\nBILLING_SMTP_PORT=2525\nexport BILLING_STUDIO_ACCENT=#000000\n", encoding="utf-8"
    )

    assert said(run) == {}
    assert load_settings().due_days == 3


def test_a_file_that_is_no_text_is_one_clear_line(run: Run) -> None:
    Path(".env").write_bytes("BILLING_STUDIO_NAME=Größe".encode("latin-1"))

    assert one_line(run("status")).startswith(".env cannot be read ('utf-8' codec can't decode byte")
    assert "MEND  settings          .env cannot be read" in run("doctor").stdout


def test_up_does_not_start_with_a_choice_that_takes_no_effect(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_DELIVERY_MOD", "review")

    refused = run("up")

    assert "MEND  BILLING_DELIVERY_MOD in the environment is no setting." in refused.stdout
    assert one_line(refused) == "Mend what is written above, then `billing up` again."


def test_every_variable_that_the_code_reads_is_known() -> None:
    rooms = ("billing", "dashboards", "pipelines", "assets", "sensors")
    named = {
        name
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for name in re.findall(r"environ(?:\.get\(|\[)\"(BILLING_\w+)", path.read_text())
    }

    assert named
    assert named <= variables.KNOWN


def test_a_studio_that_is_made_up_is_one_only_in_the_sandbox(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choices.studio(load_settings()).is_ok

    monkeypatch.setenv("BILLING_CLOCK_URL", "")

    finding = choices.studio(load_settings())
    assert not finding.is_ok
    assert {one.name: one.sentence for one in finding.details}["BILLING_STUDIO_EMAIL"] == (
        "is still 'studio@northlight.example'; write the studio's own."
    )


def test_what_the_example_says_is_no_studio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())

    finding = choices.studio(load_settings())

    assert not finding.is_ok
    assert finding.sentence == "Made up: BILLING_STUDIO_NAME, BILLING_STUDIO_EMAIL."


@pytest.mark.parametrize("value", ["Your Studio", "studio", "My Company", "hello@example.com", "https://a.example/x"])
def test_a_placeholder_is_one(value: str) -> None:
    assert choices._is_placeholder(value)


@pytest.mark.parametrize("value", ["North Light", "Your Story Photography", "me@examples.com", "Studio 54", "test.com"])
def test_a_real_name_is_no_placeholder(value: str) -> None:
    assert not choices._is_placeholder(value)
