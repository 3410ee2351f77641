"""The answer first: how fast invoices go out, how much of them is paid, how long that takes, and what is open."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import wording
from dashboards.charts import BUCKET_WORDS
from dashboards.view import View, empty, headline, section

SHOWN_MATTERS = 4


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
    if not overdue:
        return f"{wording.whole(owed, view.currency)} is owed to you, and none of it is overdue."
    return f"{wording.whole(owed, view.currency)} is owed to you; {wording.whole(overdue, view.currency)} is overdue."


def processing_time(view: View) -> None:
    """Median of the last 30 days against the 30 before, and the share within the promise."""
    frame = view.figures.processing()
    now, before = _row(frame, "period", "last 30 days"), _row(frame, "period", "previous 30 days")
    value, earlier = now.get("p50_seconds"), before.get("p50_seconds")
    change = None
    if value is not None and earlier is not None:
        faster = value <= earlier
        change = (f"{wording.duration(abs(value - earlier))} {'faster' if faster else 'slower'}", faster)
    _figure("Invoice processing time", wording.duration(value), change, "than the 30 days before")
    promise = f"{view.figures.info.promise_hours} hours"
    _note(
        f"from a completed session to the sent invoice, half of the time. {wording.share(now['within_promise_share'])}"
        f" went out within {promise}."
        if now.get("within_promise_share") is not None
        else "from a completed session to the sent invoice. No session was billed in the last 30 days."
    )
    weeks = frame.filter(pl.col("period") == "week").with_columns(
        pl.col("p50_seconds").map_elements(wording.duration, return_dtype=pl.String).alias("words")
    )
    _trend(view, weeks, "starts_on", "p50_seconds")


def payment_completion(view: View) -> None:
    """The newest month that has had its 30 days, by value, against the month before it."""
    frame = view.figures.completion(view.currency).filter(pl.col("window_name") == "30 days")
    known = frame.drop_nulls(["share_by_value"]).tail(2).to_dicts()
    if not known:
        _figure("Payment completion", wording.NOT_YET, None, "")
        _note("the share of a month's invoices that is paid within 30 days; known 30 days after the month's end.")
        return
    now = known[-1]
    change, against = None, ""
    if len(known) == 2:
        points = round((now["share_by_value"] - known[0]["share_by_value"]) * 100)
        change = (f"{wording.count(abs(points), 'point')} {'better' if points >= 0 else 'worse'}", points >= 0)
        against = f"than {known[0]['cohort_month']:%B}"
    _figure("Payment completion", wording.share(now["share_by_value"]), change, against)
    _note(
        f"of {now['cohort_month']:%B}’s invoices, by value, paid within 30 days. By count it is"
        f" {wording.share(now['share_by_count'])}."
    )
    shares = frame.with_columns(
        pl.col("share_by_value").map_elements(wording.share, return_dtype=pl.String).alias("words")
    )
    _trend(view, shares, "cohort_month", "share_by_value")


def days_to_pay(view: View) -> None:
    """Kaplan-Meier median of the last 90 days' invoices against the 90 before."""
    frame = view.figures.days_to_pay(view.currency)
    now, before = _row(frame, "cohort", "last 90 days"), _row(frame, "cohort", "previous 90 days")
    value, earlier = now.get("km_median"), before.get("km_median")
    change = None
    if value is not None and earlier is not None:
        faster = value <= earlier
        change = (f"{wording.days(abs(value - earlier))} {'faster' if faster else 'slower'}", faster)
    _figure("Days to pay", wording.days(value), change, "than the 90 days before")
    on_time = wording.share(now.get("on_time_share"))
    _note(f"until half of the last 90 days’ invoices are paid, open ones counted. Paid on time: {on_time}.")
    months = frame.filter(pl.col("kind") == "month").with_columns(
        pl.col("km_median").map_elements(wording.days, return_dtype=pl.String).alias("words")
    )
    _trend(view, months.tail(18), "starts_on", "km_median")


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
    """Money in by week, over thirteen whole weeks and the one that runs."""
    section("What came in, week by week")
    frame = view.figures.receipts(view.currency, 13 * 7 + view.as_of.weekday() + 1)
    if frame.is_empty():
        empty("Each week’s payments will have a bar here.")
        return
    weeks = frame.group_by(pl.col("received_on").dt.truncate("1w").alias("week_on")).agg(pl.col("amount_minor").sum())
    bars = weeks.sort("week_on").with_columns(
        pl.col("amount_minor")
        .map_elements(lambda minor: wording.units(minor, view.currency), return_dtype=pl.Float64)
        .alias("amount"),
        pl.col("amount_minor").map_elements(view.money, return_dtype=pl.String).alias("label"),
    )
    st.altair_chart(view.charts.weekly(bars, view.currency), alt="Bars: money received by week.")


def _bar_label(row: dict[str, Any], view: View) -> str:
    if not row["amount_minor"]:
        return "none"
    invoices = f"  ·  {wording.count(row['invoices'], 'invoice')}" if row["invoices"] else ""
    return f"{view.money(row['amount_minor'])}{invoices}"


def attention(view: View) -> None:
    matters = view.figures.attention().to_dicts()
    section("Waiting for you")
    if not matters:
        empty("Nothing waits for you. What the pipeline cannot decide by itself will stand here with what to do.")
    for matter in matters[:SHOWN_MATTERS]:
        since = "today" if matter["days_open"] == 0 else f"for {wording.count(matter['days_open'], 'day')}"
        subject, sentence = wording.plain(matter["subject"]), wording.plain(matter["sentence"])
        st.markdown(f"**{subject}** :gray[waits {since}]  \n{sentence}")
    if len(matters) > SHOWN_MATTERS:
        st.caption(f"and {len(matters) - SHOWN_MATTERS} more, under “Needs attention”.")


def _figure(label: str, value: str, change: tuple[str, bool] | None, against: str) -> None:
    if change is None:
        st.metric(label, value)
        return
    words, good = change
    st.metric(
        label, value, delta=words, delta_description=against, delta_arrow="off",
        delta_color="green" if good else "orange",
    )  # fmt: skip


def _note(sentence: str) -> None:
    st.caption(sentence)


def _trend(view: View, frame: pl.DataFrame, day: str, value: str) -> None:
    if frame.drop_nulls([value]).height > 1:
        st.altair_chart(view.charts.trend(frame, day, value, "words"), alt="Line: how this figure went over time.")


def _row(frame: pl.DataFrame, column: str, value: str | date) -> dict[str, Any]:
    """The row of that name; empty while there is none."""
    rows = frame.filter(pl.col(column) == value).to_dicts()
    return rows[0] if rows else {}
