"""Figures that are old, held by another program, spoiled or of another version: a sentence, and the last good ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import streamlit as st
from ledger_book import LedgerBook
from streamlit.testing.v1 import AppTest

from billing.domain.published_file import previous_of, seen_current_of

APP = Path(__file__).parents[2] / "dashboards" / "app.py"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("BILLING_WAREHOUSE_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("BILLING_STUDIO_NAME", "North Light")
    monkeypatch.chdir(APP.parents[1])  # where .streamlit/config.toml binds it to loopback
    yield
    st.cache_resource.clear()


@pytest.fixture
def twice(published: Callable[..., Path]) -> Path:
    """Figures of 100 EUR, and after them those of 150 EUR."""
    book = LedgerBook()
    book.invoice("A", NOW.date(), 10_000)
    published(book, NOW)
    book.invoice("B", NOW.date(), 5_000)
    return published(book, NOW)


def open_app() -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    return app


def title(app: AppTest) -> str:
    return str(app.title[0].value).replace("\u00a0", " ")


def said(app: AppTest) -> str:
    return " ".join(str(one.value) for one in [*app.warning, *app.markdown, *app.caption])


@contextmanager
def held_by_another_program(path: Path) -> Iterator[None]:
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
        other.communicate("")


def spoil(path: Path, start: int) -> None:
    """From that byte on, as a failing disk or a careless program would leave it."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"spoiled " * ((path.stat().st_size - start) // 8))


def aged(path: Path, minutes: float) -> Path:
    at = (datetime.now(UTC) - timedelta(minutes=minutes)).timestamp()
    os.utime(path, (at, at))
    return path


def test_a_file_that_another_program_holds_is_a_sentence_and_the_last_good_figures(twice: Path) -> None:
    with held_by_another_program(twice):
        app = open_app()
    (warning,) = app.warning

    assert title(app).startswith("100 EUR is owed to you")
    assert warning.value.startswith(
        "The newest figures cannot be read: another program holds their file to write to it. Close it there, or open it"
        " there to read only. Shown are those of "
    )
    assert title(open_app()).startswith("150 EUR is owed to you")


@pytest.mark.parametrize("start", [0, 8192])
def test_a_spoiled_file_is_a_sentence_and_the_last_good_figures(twice: Path, start: int) -> None:
    spoil(twice, start)

    app = open_app()
    (warning,) = app.warning

    assert title(app).startswith("100 EUR is owed to you")
    assert "The newest figures cannot be read: its file is damaged. `billing warehouse rebuild`" in warning.value
    assert str(twice) not in said(app)


def test_damage_that_is_found_on_the_way_leads_to_the_last_good_figures_too(twice: Path) -> None:
    good = open_app()
    assert title(good).startswith("150 EUR")
    spoil(twice, twice.stat().st_size // 2)

    app = open_app()

    assert title(app).startswith(("100 EUR", "150 EUR"))


def test_a_file_of_another_version_of_the_program_is_told_as_that(twice: Path) -> None:
    with duckdb.connect(str(twice)) as connection:
        connection.execute("drop table aging")

    app = open_app()

    assert title(app).startswith("100 EUR is owed to you")
    assert "another version of this program made them" in app.warning[0].value


def test_figures_that_were_deleted_are_told_as_that(twice: Path) -> None:
    twice.unlink()

    app = open_app()

    assert title(app).startswith("100 EUR is owed to you")
    assert app.warning[0].value.startswith("The newest figures are missing; `billing warehouse rebuild`")


def test_where_none_can_be_read_the_page_says_why_and_that_the_work_goes_on(twice: Path) -> None:
    spoil(twice, 0)
    previous_of(twice).unlink()

    app = open_app()

    assert title(app) == "Your figures cannot be read just now."
    assert "its file is damaged" in said(app)
    assert "Nothing of the studio’s work stops" in said(app)


@pytest.mark.parametrize(("minutes", "is_said"), [(2.5, False), (14, True)])
def test_figures_that_nobody_has_looked_after_for_three_intervals_are_called_that(
    twice: Path, minutes: float, is_said: bool
) -> None:
    aged(twice, minutes)

    app = open_app()

    assert ("for 14 minutes the pipeline has not said whether there is more" in said(app)) is is_said
    assert not app.warning


def test_old_figures_are_not_stale_while_the_pipeline_sees_that_the_ledger_holds_nothing_newer(twice: Path) -> None:
    aged(twice, 600)
    seen_current_of(twice).touch()
    assert "has not said" not in said(open_app())

    aged(seen_current_of(twice), 14)
    assert "for 14 minutes the pipeline has not said" in said(open_app())


def test_after_an_hour_it_is_an_alarm(twice: Path) -> None:
    aged(twice, 80)

    assert "have stood still for 80 minutes" in open_app().warning[0].value
