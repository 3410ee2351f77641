"""What every page is given, and the few things that all of them show alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import streamlit as st

from billing.domain.published_file import STALE_AFTER
from dashboards import wording
from dashboards.changes import Change, Sample, Verdict, judged
from dashboards.charts import Charts
from dashboards.queries import Figures
from dashboards.settings import Settings

ALARM_AFTER = timedelta(hours=1)  # a slow morning is no alarm
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
    serif = 'h1 { font-family: "Source Serif", "Source Serif 4", serif !important; }'
    st.html(f"<style>{serif} p code, div code {{ font-size: .9em; }}</style>")
    st.title(sentence, anchor=False)


def section(title: str, note: str = "") -> None:
    st.subheader(title, anchor=False)
    if note:
        st.caption(note)


def empty(sentence: str) -> None:
    """Where a picture or rows would be: what will be here, and when."""
    st.caption(sentence)


def figure(label: str, value: str, change: Change | None, against: str, sample: Sample) -> None:
    """A number, how it has changed against what, and of how many things it is made; of too few no change is told."""
    told = judged(change, sample)
    if told is None:
        st.metric(label, value, delta=_untold(change, sample), delta_arrow="off", delta_color="off")
        return
    than = "as" if told.verdict is Verdict.SAME else "than"
    st.metric(
        label, value, delta=told.words, delta_description=f"{than} {against} ({sample.words})", delta_arrow="off",
        delta_color=_COLOURS[told.verdict],
    )  # fmt: skip


def _untold(change: Change | None, sample: Sample) -> str:
    if change is not None:
        return f"too few to compare: {sample.words}"
    return f"change: not yet ({wording.count(sample.now, sample.thing)})" if sample.now else "change: not yet"


def freshness(view: View, current_at: datetime, now: datetime, trouble: str = "") -> None:
    """That these are not the newest figures, or since when nobody knows whether they are.

    That is said after three intervals in which the pipeline has neither published nor looked; loudly after an hour.

    `current_at` and `now` are this machine's: the ledger's days may be those of a sandbox, whose clock runs ahead. The
    moment that is named is the ledger's.
    """
    local = view.figures.info.extracted_at.astimezone(view.settings.time_zone)
    age = now - current_at
    if trouble:
        st.warning(f"{trouble} Shown are those of {wording.moment(local)}.", icon=":material/schedule:")
    elif age > ALARM_AFTER:
        st.warning(
            f"These figures have stood still for {wording.age(age)}: they were read from the ledger on"
            f" {wording.moment(local)}. What came later is not here. See whether the pipeline runs (`billing status`),"
            " and in Dagster, look for the last failed run of refresh_warehouse.",
            icon=":material/schedule:",
        )
    elif age > STALE_AFTER:
        st.caption(
            f"As of {wording.moment(local)}: for {wording.age(age)} the pipeline has not said whether there is more. It"
            " looks every minute while it runs."
        )


def footer(view: View) -> None:
    local = view.figures.info.extracted_at.astimezone(view.settings.time_zone)
    valued = "" if view.as_of == view.figures.info.as_of else f"Valued as of {wording.day(view.as_of)}. "
    st.caption(
        f"{valued}Read from the ledger on {wording.moment(local)} ({view.settings.time_zone.key}). Amounts in"
        f" {view.currency}; every currency has figures of its own."
    )
