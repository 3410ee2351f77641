"""What every page is given, and the few things that all of them show alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from dashboards import wording
from dashboards.charts import Charts
from dashboards.queries import Figures
from dashboards.settings import Settings

STALE_AFTER = timedelta(hours=26)  # a daily rebuild that is two hours late is late


@dataclass(frozen=True, slots=True)
class View:
    """One look at the figures: valued as of a day, in one currency."""

    figures: Figures
    currency: str
    charts: Charts
    settings: Settings

    @property
    def as_of(self) -> date:
        return self.figures.as_of

    def money(self, minor: int) -> str:
        return wording.money(minor, self.currency)


def headline(sentence: str) -> None:
    """The page's answer, in one sentence, before any picture; the one line in Source Serif."""
    st.html('<style>h1 { font-family: "Source Serif", "Source Serif 4", serif !important; }</style>')
    st.title(sentence, anchor=False)


def section(title: str, note: str = "") -> None:
    st.subheader(title, anchor=False)
    if note:
        st.caption(note)


def empty(sentence: str) -> None:
    """Where a picture or rows would be: what will be here, and when."""
    st.caption(sentence)


def freshness(view: View, now: datetime) -> None:
    """Since when the figures stand, loudly if that is long ago."""
    info = view.figures.info
    local = info.extracted_at.astimezone(view.settings.time_zone)
    age = now - info.extracted_at.astimezone(UTC)
    if age > STALE_AFTER:
        st.warning(
            f"These figures stand still since {wording.moment(local)}, {wording.age(age)} ago. What came later is in"
            " the ledger but not here: the warehouse was not rebuilt. In Dagster, look for its last failed run.",
            icon=":material/schedule:",
        )


def footer(view: View) -> None:
    local = view.figures.info.extracted_at.astimezone(view.settings.time_zone)
    valued = "" if view.as_of == view.figures.info.as_of else f"Valued as of {wording.day(view.as_of)}. "
    st.caption(
        f"{valued}Read from the ledger on {wording.moment(local)} ({view.settings.time_zone.key}). Amounts in"
        f" {view.currency}; every currency has figures of its own."
    )
