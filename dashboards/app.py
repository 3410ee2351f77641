"""The studio's dashboard, served by `python -m dashboards.server`. It reads the published figures and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import streamlit as st

from dashboards import view as views
from dashboards import wording
from dashboards.access import Visit, decide
from dashboards.charts import Charts
from dashboards.queries import Figures, FileVersion, Unreadable
from dashboards.reading import Shown, current_at, newest_readable
from dashboards.screens import activity, attention, books, money_in, overview, receivables
from dashboards.settings import Settings, read_settings
from dashboards.view import View

# A file of our own: for a named icon the browser would ask fonts.gstatic.com.
ICON = Path(__file__).with_name("icon.svg")

PAGES: tuple[tuple[str, str, Callable[[View], None]], ...] = (
    ("Overview", "overview", overview.show),
    ("Money in", "money-in", money_in.show),
    ("Receivables", "receivables", receivables.show),
    ("Books", "books", books.show),
    ("Needs attention", "attention", attention.show),
    ("Activity", "activity", activity.show),
)


def main() -> None:
    settings = read_settings()
    st.set_page_config(page_title=settings.studio_name, page_icon=str(ICON), layout="wide")
    admit(settings)
    pages = [
        st.Page(partial(_show, settings, show), title=title, url_path=path, default=path == "overview")
        for title, path, show in PAGES
    ]
    st.navigation(pages, position="top").run()


def admit(settings: Settings) -> None:
    """Stop here, with a sentence, unless the visitor may look. Runs before every page."""
    person = st.user.to_dict() if hasattr(st.user, "to_dict") else {}
    login_is_set_up = _login_is_set_up()
    visit = Visit(
        bound_to=st.get_option("server.address"),
        headers=st.context.headers.to_dict(),
        login_is_set_up=login_is_set_up,
        allowed_emails=settings.allowed_emails,
        email=str(person["email"]) if person.get("is_logged_in") and person.get("email") else None,
        email_is_verified=person.get("email_verified") is not False,
    )
    decision = decide(visit)
    if decision.may_look:
        return
    st.title(wording.plain(settings.studio_name), anchor=False)
    st.write(wording.plain(decision.sentence))
    if decision.may_log_in and st.button("Log in" if visit.email is None else "Log in as somebody else"):
        st.login()
    st.stop()


def _login_is_set_up() -> bool:
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def _show(settings: Settings, show: Callable[[View], None]) -> None:
    shown = newest_readable(settings.warehouse_path, load, _failed_later())
    newest, version = shown.figures, shown.version
    if newest is None or version is None or not newest.info.currencies:
        _nothing_yet(shown)
        return
    try:
        view = _choose(settings, version, newest)
        views.freshness(view, current_at(settings.warehouse_path, version), datetime.now(UTC), shown.trouble)
        show(view)
        views.footer(view)
    except Unreadable as error:  # a damaged page of the file, found on the way: once more, with the figures before
        _failed_later()[version] = error
        st.rerun()


@st.cache_resource(max_entries=12, show_spinner=False)
def load(version: FileVersion, as_of: date | None) -> Figures:
    """The figures of that very file as of that day; shared by all sessions."""
    return Figures(version, as_of)


@st.cache_resource(show_spinner=False)
def _failed_later() -> dict[FileVersion, Unreadable]:
    return {}


def _choose(settings: Settings, version: FileVersion, newest: Figures) -> View:
    """The valuation date and, where there are several, the currency."""
    info = newest.info
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.markdown(f":gray[{wording.plain(settings.studio_name)}]")
    choices = row.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center")
    currency = info.currencies[0]
    if len(info.currencies) > 1:
        chosen = choices.segmented_control(
            "Currency", info.currencies, default=currency, required=True, label_visibility="collapsed", key="currency"
        )
        currency = chosen or currency
    as_of = choices.date_input(
        "As of", info.as_of, min_value=info.first_issued_on, max_value=info.as_of, format="DD.MM.YYYY",
        label_visibility="collapsed", help="Value everything as of this day.", width=150, key="as_of",
    )  # fmt: skip
    figures = load(version, as_of) if isinstance(as_of, date) and as_of != info.as_of else newest
    return View(figures, currency, Charts(dark=st.context.theme.type == "dark"), settings)


def _nothing_yet(shown: Shown) -> None:
    if shown.trouble and shown.figures is None:
        views.headline("Your figures cannot be read just now.")
        st.write(f"{shown.trouble} Nothing of the studio’s work stops by this: the ledger is another file.")
        return
    views.headline("Your figures will be here.")
    st.write(
        "How fast invoices go out, how much of them is paid, how long clients take, what is overdue and what waits for"
        " you. The first figures appear minutes after the first invoice is issued."
    )
    if shown.figures is None:
        st.caption(
            "No figures have been published yet. The pipeline does so by itself once it runs; in Dagster, the asset"
            " “published” shows when. If it has, BILLING_WAREHOUSE_PATH names another file here than there."
        )


main()
