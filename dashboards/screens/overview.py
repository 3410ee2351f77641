"""The answer first: how fast invoices go out, how much of them is paid, how long that takes, and what is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import changes, wording
from dashboards.changes import Sample
from dashboards.charts import BUCKET_WORDS
from dashboards.matters import Matter, by_subject, safe
from dashboards.view import View, empty, figure, headline, section

SHOWN_MATTERS = 5
WEEKS = 13  # a quarter
COMPLETION_DAYS = 30
BEFORE_30 = "the 30 days before"


def show(view: View) -> None:
    receivables = view.figures.receivables(view.currency)
    headline(_answer(view, receivables))
    first, second, third = st.columns(3, gap="large")
    with first:
        processing_time(view)
    with second:
        payment_completion(view)
    with third:
        days_to_pay(view)
    left, right = st.columns([3, 2], gap="large")
    with left:
        outstanding(view, receivables)
        received(view)
    with right:
        attention(view)


def _answer(view: View, receivables: pl.DataFrame) -> str:
    owed = int(receivables["balance_minor"].sum())
    overdue = int(receivables.filter(pl.col("days_past_due") > 0)["balance_minor"].sum())
    if not owed:
        return "Nothing is owed: every invoice is paid."
    said = f"{wording.whole(owed, view.currency)} is owed to you"
    if overdue in (0, owed):
        return f"{said}, {'all' if overdue else 'none'} of it overdue."
    return f"{said}; {wording.whole(overdue, view.currency)} of it is overdue."


def processing_time(view: View) -> None:
    """Median of the last 30 days against the 30 before, and the share within the promise."""
    frame = view.figures.processing()
    now, before = _row(frame, "period", "last 30 days"), _row(frame, "period", "previous 30 days")
    value = now.get("p50_seconds")
    figure(
        "Invoice processing time", wording.duration(value), changes.of_duration(value, before.get("p50_seconds")),
        BEFORE_30, _sample(now, before, "sent_invoices"),
    )  # fmt: skip
    if value is None:
        st.caption("The time from a completed session to the sent invoice. None was sent in the last 30 days.")
    else:
        st.caption(
            "From a completed session to the sent invoice; half took no longer in the last 30 days."
            f" {wording.share(now['within_promise_share'])} of {now['invoices']} went out within"
            f" {view.figures.info.promise_hours} hours."
        )
    _trend(view, frame.filter(pl.col("period") == "rolling 30 days"), "ends_on", "p50_seconds", wording.duration)


def payment_completion(view: View) -> None:
    """Of the newest 30 days of issue that have had their 30 days, by value, against the 30 days before them."""
    frame = view.figures.completion_rolling(view.currency, COMPLETION_DAYS)
    now, before = _row(frame, "days_ago", 0), _row(frame, "days_ago", 30)
    value = now.get("share_by_value")
    figure(
        "Payment completion", wording.share(value), changes.of_share(value, before.get("share_by_value")), BEFORE_30,
        _sample(now, before),
    )  # fmt: skip
    if value is None:
        st.caption(_completion_not_yet(view))
    else:
        st.caption(
            f"The share of what was invoiced from {wording.span(now['starts_on'], now['ends_on'])} that was paid in"
            f" full within {COMPLETION_DAYS} days. By count it is {wording.share(now['share_by_count'])}."
        )
    _trend(view, frame.filter(pl.col("days_ago") % 7 == 0), "ends_on", "share_by_value", wording.share)


def _completion_not_yet(view: View) -> str:
    known_on = view.figures.info.first_issued[view.currency] + timedelta(days=COMPLETION_DAYS)
    when = f"First known on {wording.day(known_on)}." if known_on > view.as_of else "No invoice is of that age."
    return f"The share of the amount invoiced that is paid in full within {COMPLETION_DAYS} days. {when}"


def days_to_pay(view: View) -> None:
    """Kaplan-Meier median of the last 90 days' invoices against the 90 before."""
    frame = view.figures.days_to_pay(view.currency)
    now, before = _row(frame, "cohort", "last 90 days"), _row(frame, "cohort", "previous 90 days")
    value = now.get("km_median")
    figure(
        "Days to pay", wording.days(value), changes.of_days(value, before.get("km_median")), "the 90 days before",
        _sample(now, before),
    )  # fmt: skip
    if value is None:
        st.caption("From an invoice to its full payment. Known once half of the last 90 days’ invoices are paid.")
    else:
        st.caption(
            "Until half of the last 90 days’ invoices are paid, open ones counted too."
            f" {wording.share(now['on_time_share'])} of {now['on_time_of']} were paid on time."
            if now["on_time_share"] is not None
            else "Until half of the last 90 days’ invoices are paid, open ones counted too."
        )
    _trend(view, frame.filter(pl.col("kind") == "rolling"), "ends_on", "km_median", wording.days)


def outstanding(view: View, receivables: pl.DataFrame) -> None:
    section("What is owed to you")
    if receivables.is_empty():
        empty("Nothing is open. An invoice stands here from the day it is issued until it is paid.")
        return
    bars = view.figures.aging(view.currency).with_columns(
        pl.col("bucket").replace(BUCKET_WORDS).alias("words"),
        pl.col("amount_minor")
        .map_elements(lambda minor: wording.units(minor, view.currency), return_dtype=pl.Float64)
        .alias("amount"),
        pl.struct("amount_minor", "invoices")
        .map_elements(lambda row: _bar_label(row, view), return_dtype=pl.String)
        .alias("label"),
        pl.when(pl.col("position") == 1)
        .then(pl.lit("no"))
        .when(pl.col("position") == 6)
        .then(pl.lit("credit"))
        .otherwise(pl.lit("yes"))
        .alias("overdue"),
    )
    st.altair_chart(view.charts.aging_bars(bars), alt="Bars: what is owed, by days past due.")


def received(view: View) -> None:
    """Money in by week: thirteen whole weeks, or fewer in a young studio, and the one that runs."""
    section("What came in, week by week")
    running_on = view.as_of - timedelta(days=view.as_of.weekday())
    frame = view.figures.receipts(view.currency, WEEKS * 7 + view.as_of.weekday() + 1)
    if frame.is_empty():
        empty("Each week’s payments will have a bar here.")
        return
    weeks = frame.group_by(pl.col("received_on").dt.truncate("1w").alias("week_on")).agg(pl.col("amount_minor").sum())
    every = pl.DataFrame({"week_on": pl.date_range(min(weeks["week_on"]), running_on, "1w", eager=True)})
    bars = every.join(weeks, on="week_on", how="left").sort("week_on").with_columns(pl.col("amount_minor").fill_null(0))
    bars = bars.with_columns(
        pl.col("week_on").map_elements(lambda day: f"{day.day} {day:%b}", return_dtype=pl.String).alias("name"),
        pl.col("amount_minor")
        .map_elements(lambda minor: wording.units(minor, view.currency), return_dtype=pl.Float64)
        .alias("amount"),
        pl.col("amount_minor").map_elements(view.money, return_dtype=pl.String).alias("label"),
        (pl.col("week_on") == running_on).alias("running"),
        pl.when(pl.col("week_on") == running_on).then(pl.lit("so far")).otherwise(pl.lit("whole week")).alias("says"),
    )
    st.altair_chart(
        view.charts.weekly(bars, view.currency), alt="Bars: money received by week; the last one still runs."
    )


def _bar_label(row: dict[str, Any], view: View) -> str:
    if not row["amount_minor"]:
        return "none"
    invoices = f"  ·  {wording.count(row['invoices'], 'invoice')}" if row["invoices"] else ""
    return f"{view.money(row['amount_minor'])}{invoices}"


def attention(view: View) -> None:
    matters = by_subject(view.figures.attention().to_dicts())
    section("Waiting for you")
    if not matters:
        empty("Nothing waits for you. What the pipeline cannot decide by itself will stand here with what to do.")
        return
    st.html("".join(_matter(matter, view.charts.grey) for matter in matters[:SHOWN_MATTERS]))
    left = len(matters) - SHOWN_MATTERS
    st.caption(
        f"and {left} more, with the commands that settle them, under “Needs attention”."
        if left > 0
        else "The commands that settle them are under “Needs attention”."
    )


def _matter(matter: Matter, grey: str) -> str:
    more = f" ({matter.count} times)" if matter.count > 1 else ""
    return (
        '<div style="margin-bottom:1rem;overflow-wrap:anywhere">'
        f'<b>{safe(matter.subject)}</b> <span style="color:{grey};white-space:nowrap">{matter.waiting}</span><br>'
        f'{safe(matter.sentences[0])}<span style="color:{grey}">{more}</span></div>'
    )


def _trend(view: View, frame: pl.DataFrame, day: str, value: str, words: Callable[[Any], str]) -> None:
    """The figure as it stood at each week's end; its last point is the number above."""
    known = frame.drop_nulls([value])
    if known.height < 2:
        empty("Its trend: not yet. A line follows when there are two weeks to compare.")
        return
    told = known.with_columns(pl.col(value).map_elements(words, return_dtype=pl.String).alias("words"))
    st.altair_chart(view.charts.trend(told, day, value, "words"), alt="Line: how this figure went over time.")


def _sample(now: dict[str, Any], before: dict[str, Any], column: str = "invoices") -> Sample:
    return Sample(now.get(column, 0), before.get(column, 0))


def _row(frame: pl.DataFrame, column: str, value: str | int) -> dict[str, Any]:
    """The row of that name; empty while there is none."""
    rows = frame.filter(pl.col(column) == value).to_dicts()
    return rows[0] if rows else {}
