"""The pages as people meet them: before the first figure, on a good day, in yen, and when the figures stand still."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from ledger_book import LedgerBook, noon
from streamlit import config
from streamlit.testing.v1 import AppTest

from billing.domain.task_commands import commands_of

APP = Path(__file__).parents[2] / "dashboards" / "app.py"
TODAY = datetime.now(UTC).date()
SCREENS = ("overview", "money_in", "receivables", "attention", "activity")


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("BILLING_WAREHOUSE_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("BILLING_TIME_ZONE", "Europe/Berlin")
    monkeypatch.setenv("BILLING_STUDIO_NAME", "North Light")
    monkeypatch.delenv("BILLING_DASHBOARD_EMAILS", raising=False)
    monkeypatch.chdir(APP.parents[1])  # where .streamlit/config.toml binds it to loopback
    yield
    st.cache_resource.clear()


def open_app(path: Path | None = None) -> AppTest:
    if path:
        os.environ["BILLING_WAREHOUSE_PATH"] = str(path)  # put back after the test
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    return app


def open_screen(name: str, currency: str = "EUR", as_of: date | None = None, path: Path | None = None) -> AppTest:
    """One page alone; Streamlit's tests cannot switch to a page that is a function."""
    if path:
        os.environ["BILLING_WAREHOUSE_PATH"] = str(path)

    def script(name: str, currency: str, as_of: object) -> None:
        from importlib import import_module

        from dashboards.charts import Charts
        from dashboards.queries import Figures, published_version
        from dashboards.settings import read_settings
        from dashboards.view import View

        settings = read_settings()
        version = published_version(settings.warehouse_path)
        assert version is not None
        figures = Figures(version, as_of)
        import_module(f"dashboards.screens.{name}").show(View(figures, currency, Charts(dark=False), settings))

    app = AppTest.from_function(script, args=(name, currency, as_of), default_timeout=60).run()
    assert not app.exception
    return app


def lies_there_for(path: Path, age: timedelta) -> None:
    """As if the file had been published so long ago by this machine's clock."""
    at = (datetime.now(UTC) - age).timestamp()
    os.utime(path, (at, at))


def words(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.caption, *app.markdown, *app.warning]
    pieces = [piece.body for piece in app.html]
    figures = [f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric]
    return "\n".join([str(part.value) for part in parts] + pieces + figures).replace("\u00a0", " ")


def test_before_the_first_publish_it_says_what_will_be_here_and_when() -> None:
    app = open_app()

    assert app.title[0].value == "Your figures will be here."
    assert "after the first invoice" in words(app)
    assert "warehouse.duckdb" not in words(app)  # a path of this machine helps nobody


def test_before_the_first_invoice_too(published: Callable[..., Path]) -> None:
    published(LedgerBook(), datetime.now(UTC))

    assert open_app().title[0].value == "Your figures will be here."


def test_the_overview_answers_first(studio_file: Callable[..., Path]) -> None:
    app = open_app(studio_file())

    assert "is owed to you" in app.title[0].value
    assert [metric.label for metric in app.metric] == ["Invoice processing time", "Payment completion", "Days to pay"]
    assert "not yet" not in words(app)
    assert not app.warning
    assert "Read from the ledger on" in words(app)


@pytest.mark.parametrize("name", SCREENS)
def test_every_page_shows_a_normal_studio(studio_file: Callable[..., Path], name: str) -> None:
    assert open_screen(name, path=studio_file()).title[0].value.endswith(".")


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_every_page_shows_other_currencies(studio_file: Callable[..., Path], name: str, currency: str) -> None:
    assert "EUR" not in words(open_screen(name, currency, path=studio_file(currency)))


@pytest.mark.parametrize("name", SCREENS)
def test_every_page_stands_a_single_invoice(published: Callable[..., Path], name: str) -> None:
    book = LedgerBook()
    book.invoice("A", TODAY, 10_000)
    published(book, datetime.now(UTC))

    open_screen(name)


@pytest.mark.parametrize("name", SCREENS)
def test_every_page_stands_a_day_before_its_currency_was_used(published: Callable[..., Path], name: str) -> None:
    book = LedgerBook()
    book.invoice("A", TODAY - timedelta(days=50), 10_000)
    book.invoice("B", TODAY, 10_000, currency="JPY")
    published(book, datetime.now(UTC))

    open_screen(name, "JPY", TODAY - timedelta(days=40))


def test_figures_that_stand_still_say_since_when(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    book.invoice("A", TODAY - timedelta(days=9), 10_000)
    lies_there_for(published(book, datetime.now(UTC) - timedelta(days=3)), timedelta(days=3))

    (warning,) = open_app().warning

    assert warning.value.startswith("These figures have stood still for 3 days")


@pytest.mark.parametrize("ahead", [timedelta(days=-40), timedelta(days=40)])
def test_a_sandbox_whose_clock_is_not_ours_is_not_stale(published: Callable[..., Path], ahead: timedelta) -> None:
    book = LedgerBook()
    book.invoice("A", TODAY + ahead, 10_000)
    published(book, datetime.now(UTC) + ahead)

    app = open_app()

    assert not app.warning
    assert "has not said" not in words(app)


def test_a_studio_of_today_is_told_what_is_not_yet_known_and_when(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    book.invoice("A", TODAY, 10_000)
    published(book, datetime.now(UTC))

    shown = words(open_screen("overview"))

    assert "Payment completion not yet change: not yet" in shown
    known_on = TODAY + timedelta(days=30)
    assert f"First known on {known_on.day} {known_on:%B %Y}." in shown
    assert shown.count("Its trend: not yet.") == 3


def test_of_a_few_invoices_nothing_is_better_or_worse_and_how_many_they_are_is_shown(
    published: Callable[..., Path],
) -> None:
    book = LedgerBook()
    for age in (40, 41, 70, 71, 100):
        invoice_id = book.invoice(f"N{age}", TODAY - timedelta(days=age), 10_000)
        if age != 41:
            book.pay(invoice_id, TODAY - timedelta(days=age - 2))
    published(book, datetime.now(UTC))

    shown = words(open_screen("overview")) + words(open_screen("receivables")) + words(open_screen("money_in"))

    assert "Payment completion 50 % too few to compare: 2 invoices, 2 before" in shown
    assert "too few to compare: 4 invoices, 1 before" in shown
    assert not re.search(r"\b(better|worse|faster|slower)\b", shown)
    assert "open ones are counted (4 invoices, 1 before)" in shown


def test_of_many_invoices_the_change_is_told_with_how_many_they_are(studio_file: Callable[..., Path]) -> None:
    metric = next(one for one in open_app(studio_file()).metric if one.label == "Days to pay")

    assert re.search(r"the 90 days before \(\d+ invoices, \d+ before\)", metric.proto.delta_description)


def test_refused_mails_of_one_invoice_are_told_once(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("INV-7", TODAY - timedelta(days=9), 10_000)
    keys = [f"mail:reminder:{stage}:{invoice_id}:{TODAY}" for stage in ("upcoming", "due_today")]
    for stage, key in zip(("upcoming", "due_today"), keys, strict=True):
        book.effect("mail", invoice_id, f"reminder:{stage}", noon(TODAY), state="failed", key=key)
        sentence = f"Refused. When it is mended: `billing retry {stage}`."
        book.attention(key, sentence, noon(TODAY - timedelta(days=2)), code="effect_failed")
    published(book, datetime.now(UTC))

    overview, page = (words(open_screen(name)) for name in ("overview", "attention"))

    assert overview.count("<b>INV-7</b>") == page.count("<b>INV-7</b>") == 1
    assert "(2 times)" in overview
    for command in (one for key in keys for one in commands_of("effect_failed", key)):
        assert f"<code>{command}</code>" in page


def test_another_day_can_be_picked(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("A", TODAY - timedelta(days=20), 10_000)
    book.pay(invoice_id, TODAY - timedelta(days=5))
    published(book, datetime.now(UTC))
    app = open_app()
    assert app.title[0].value == "Nothing is owed: every invoice is paid."

    app.date_input(key="as_of").set_value(TODAY - timedelta(days=10)).run()

    assert app.title[0].value.replace("\u00a0", " ") == "100 EUR is owed to you, none of it overdue."
    assert "Valued as of" in words(app)


def test_another_currency_can_be_picked(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    for number, currency in (("A", "EUR"), ("B", "EUR"), ("C", "JPY")):
        book.invoice(number, TODAY, 10_000, currency=currency)
    published(book, datetime.now(UTC))
    app = open_app()
    assert "200 EUR" in words(app)

    app.segmented_control(key="currency").set_value("JPY").run()

    assert "10,000 JPY" in words(app)


def test_hostile_names_stay_names(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    book.invoice("A", TODAY, 10_000, client="=cmd()")
    book.session("vsco:1", "![x](http://evil.example/x.png) <img src=http://evil.example>", noon(TODAY))
    book.attention("vsco:1", "Look: [here](javascript:alert(1)).", noon(TODAY))
    published(book, datetime.now(UTC))

    shown = words(open_screen("attention")) + words(open_screen("overview"))
    clients = open_screen("receivables").dataframe[0].value["Client"].to_list()

    assert "<img" not in shown
    assert "&lt;img" in shown  # set as HTML, where Markdown's links and pictures are only words
    assert clients == ["'=cmd()"]


def test_bound_to_all_addresses_without_a_login_nothing_is_shown(
    studio_file: Callable[..., Path],
) -> None:
    before = config.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    try:
        app = open_app(studio_file())
    finally:
        config.set_option("server.address", before)

    assert "has no login" in words(app)
    assert not app.metric


def test_each_new_publish_is_noticed(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    book.invoice("A", TODAY, 10_000)
    published(book, datetime.now(UTC))
    app = open_app()
    book.invoice("B", TODAY, 5_000)

    published(book, datetime.now(UTC))

    assert "150 EUR" in words(app.run())
