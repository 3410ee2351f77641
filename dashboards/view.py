"""What every page is given, and the few things that all of them show alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import streamlit as st

from dashboards import wording
from dashboards.changes import Change, Verdict
from dashboards.charts import Charts
from dashboards.queries import Figures, FileVersion
from dashboards.settings import Settings

QUIET_AFTER = timedelta(hours=1)  # new figures follow a change in the ledger within minutes
STALE_AFTER = timedelta(hours=26)  # and every morning's round brings some, whatever has changed
_COLOURS: dict[Verdict, Literal["green", "orange", "gray"]] = {
    Verdict.BETTER: "green",
    Verdict.WORSE: "orange",
    Verdict.SAME: "gray",
}


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


def figure(label: str, value: str, change: Change | None, against: str, without: str = "") -> None:
    """A number and how it has changed against what; `without` says why there is no change to tell of."""
    if change is None:
        st.metric(label, value, delta=without or wording.NOT_YET, delta_arrow="off", delta_color="off")
        return
    than = "as" if change.verdict is Verdict.SAME else "than"
    st.metric(
        label, value, delta=change.words, delta_description=f"{than} {against}", delta_arrow="off",
        delta_color=_COLOURS[change.verdict],
    )  # fmt: skip


def freshness(view: View, version: FileVersion, now: datetime) -> None:
    """Since when no new figures came: quietly after an hour, loudly when a whole day's round is missing.

    The age is the file's own, by this machine's clock: the ledger's days may be those of a sandbox, whose clock runs
    ahead. The moment that is named is the ledger's.
    """
    local = view.figures.info.extracted_at.astimezone(view.settings.time_zone)
    age = now - datetime.fromtimestamp(version.modified_ns / 1e9, UTC)
    if age > STALE_AFTER:
        st.warning(
            f"These figures have stood still for {wording.age(age)}: they were read from the ledger on"
            f" {wording.moment(local)}. What came later is not here. In Dagster, look for the last failed run of"
            " refresh_warehouse.",
            icon=":material/schedule:",
        )
    elif age > QUIET_AFTER:
        st.caption(
            f"As of {wording.moment(local)}: no new figures for {wording.age(age)}. They follow as soon as the ledger"
            " changes."
        )


def footer(view: View) -> None:
    local = view.figures.info.extracted_at.astimezone(view.settings.time_zone)
    valued = "" if view.as_of == view.figures.info.as_of else f"Valued as of {wording.day(view.as_of)}. "
    st.caption(
        f"{valued}Read from the ledger on {wording.moment(local)} ({view.settings.time_zone.key}). Amounts in"
        f" {view.currency}; every currency has figures of its own."
    )
