"""Receivables: what is open, how it aged over the year, and each open invoice."""

from __future__ import annotations

from datetime import date

import polars as pl
import streamlit as st

from dashboards import changes, wording
from dashboards.changes import Sample
from dashboards.charts import BUCKET_WORDS, BUCKETS
from dashboards.view import View, empty, figure, headline, section


def show(view: View) -> None:
    frame = view.figures.receivables(view.currency)
    overdue = frame.filter(pl.col("days_past_due") > 0)
    headline(
        f"{wording.count(frame.height, 'invoice')} {'is' if frame.height == 1 else 'are'} open,"
        f" {_how_many(overdue.height, frame.height)} overdue."
        if frame.height
        else "No invoice is open."
    )
    aged(view)
    open_invoices(view, frame)
    owed_over_time(view)
    left, right = st.columns(2, gap="large")
    with left:
        collection(view)
    with right:
        reminders(view)


def _how_many(overdue: int, everything: int) -> str:
    if overdue == everything:
        return "and it is" if everything == 1 else "all of them"
    return f"{overdue or 'none'} of them" if everything > 1 else "and not"


def aged(view: View) -> None:
    section("How old it was", "What was owed at the end of each month, and today, by days past due.")
    frame = view.figures.aging_monthly(view.currency)
    if frame.is_empty():
        empty("Each month’s end will have a column here once an invoice was open on it.")
        return
    days = frame["day_on"].unique().sort().to_list()
    names = {day: _column(day, view.as_of) for day in days}
    highest = max(frame["amount_minor"].to_list())
    grid = pl.DataFrame({"day_on": days}).join(pl.DataFrame({"bucket": BUCKETS}), how="cross")
    cells = (
        grid.join(frame, on=["day_on", "bucket"], how="left")
        .with_columns(pl.col("amount_minor", "invoices").fill_null(0))
        .with_columns(
            pl.col("day_on").replace_strict(names, return_dtype=pl.String).alias("month"),
            pl.col("bucket").replace(BUCKET_WORDS).alias("words"),
            _amounts(view),
            pl.col("amount_minor").map_elements(view.money, return_dtype=pl.String).alias("full"),
            pl.col("amount_minor")
            .map_elements(lambda minor: _short(minor, view.currency), return_dtype=pl.String)
            .alias("label"),
            (pl.col("amount_minor") > highest * 0.6).alias("is_full"),
        )
    )
    chart = view.charts.aging_map(cells, [names[day] for day in days])
    st.altair_chart(chart, alt="Heat map: what was owed by month and days past due.")


def open_invoices(view: View, frame: pl.DataFrame) -> None:
    section("Open invoices", "The oldest first: the ones to call about.")
    if frame.is_empty():
        empty("An invoice stands here from the day it is issued until it is paid.")
        return
    table = frame.select(
        pl.col("client_name").map_elements(wording.cell, return_dtype=pl.String).alias("Client"),
        pl.col("balance_minor").map_elements(view.money, return_dtype=pl.String).alias("Owed"),
        pl.col("days_past_due").map_elements(wording.past_due, return_dtype=pl.String).alias("State"),
        pl.col("number").map_elements(wording.cell, return_dtype=pl.String).alias("Invoice"),
        pl.col("due_on").alias("Due"),
        pl.col("issued_on").alias("Issued"),
        pl.struct("reminders", "last_reminded_on").map_elements(_reminded, return_dtype=pl.String).alias("Reminders"),
        pl.col("collection").replace({"autopay": "autopay", "invoice": "pay link"}).alias("Paid by"),
        pl.col("paid_minor")
        .map_elements(lambda minor: view.money(minor) if minor else "", return_dtype=pl.String)
        .alias("Paid so far"),
    )
    days = {name: st.column_config.DateColumn(format="D MMM YYYY") for name in ("Due", "Issued")}
    money = {name: st.column_config.TextColumn(alignment="right") for name in ("Owed", "Paid so far")}
    st.dataframe(table, hide_index=True, column_config={**days, **money}, height="content")


def owed_over_time(view: View) -> None:
    section("What was owed, day by day")
    frame = view.figures.owed_by_day(view.currency)
    if frame.height < 2:
        empty("A line, once there are two days to compare.")
        return
    line = frame.with_columns(
        pl.col("balance_minor")
        .map_elements(lambda minor: wording.units(minor, view.currency), return_dtype=pl.Float64)
        .alias("amount"),
        pl.col("balance_minor").map_elements(view.money, return_dtype=pl.String).alias("words"),
    )
    st.altair_chart(view.charts.owed(line, view.currency), alt="Line: what was owed at the end of each day.")


def collection(view: View) -> None:
    """DSO and CEI of the last 90 days against the 90 before."""
    section("How well it comes in")
    rows = {row["span"]: row for row in view.figures.collection(view.currency).to_dicts()}
    now, before = rows.get("last 90 days", {}), rows.get("previous 90 days", {})
    dso, effectiveness = now.get("dso_days"), now.get("effectiveness_share")
    against = "the 90 days before"
    sample = Sample(now.get("invoices", 0), before.get("invoices", 0))
    change = changes.of_days(dso, before.get("dso_days"))
    figure("Days sales outstanding", wording.days(dso), change, against, sample)
    st.caption("What is owed now, in days of invoicing (DSO), by the last 90 days’ invoices net of retainers.")
    change = changes.of_share(effectiveness, before.get("effectiveness_share"))
    figure("Collection effectiveness", wording.share(effectiveness), change, against, sample)
    st.caption("Of all that had fallen due in the last 90 days, the share no longer owed (CEI).")


def reminders(view: View) -> None:
    section("What reminders bring", "Share of reminders after which the invoice was fully paid within 7 days.")
    frame = view.figures.follow_up_yield(view.currency)
    if frame.is_empty():
        empty("Each kind of reminder will have its bar a week after it is first sent.")
        return
    bars = frame.select(
        pl.col("stage").str.replace_all("_", " ").alias("name"),
        pl.col("yield_share").alias("amount"),
        pl.struct("paid_in_time", "reminders", "yield_share")
        .map_elements(_yield_label, return_dtype=pl.String)
        .alias("label"),
    )
    st.altair_chart(view.charts.parts(bars, in_order=True), alt="Bars: share paid within 7 days of each reminder.")


def _yield_label(row: dict[str, float]) -> str:
    return f"{wording.share(row['yield_share'])}  ·  {row['paid_in_time']} of {row['reminders']}"


def _amounts(view: View) -> pl.Expr:
    return (
        pl.col("amount_minor")
        .map_elements(lambda minor: wording.units(minor, view.currency), return_dtype=pl.Float64)
        .alias("amount")
    )


def _column(day: date, as_of: date) -> str:
    return "today" if day == as_of else f"{day:%b %y}"


def _short(minor: int, currency: str) -> str:
    """For a cell: "4.3k"; an empty cell stays empty."""
    amount = wording.units(minor, currency)
    if not amount:
        return ""
    return f"{amount / 1000:.1f}k" if amount >= 1000 else f"{amount:.0f}"


def _reminded(row: dict[str, object]) -> str:
    if not row["reminders"]:
        return "none yet"
    last = row["last_reminded_on"]
    assert isinstance(last, date)
    assert isinstance(row["reminders"], int)
    return f"{row['reminders']}, last on {last.day} {last:%b}"
