"""Money in: how much of each month is paid, how fast, and what arrived day by day."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import changes, wording
from dashboards.changes import Sample
from dashboards.charts import BEFORE, NOW, WAYS
from dashboards.view import View, empty, figure, headline, section

RECEIPT_DAYS = 60
CURVE_DAYS = 60
BEFORE_90 = "the 90 days before"


def show(view: View) -> None:
    receipts = view.figures.receipts(view.currency, RECEIPT_DAYS)
    month = receipts.filter(pl.col("received_on").dt.month_start() == view.as_of.replace(day=1))
    amount = wording.whole(int(month["amount_minor"].sum()), view.currency)
    headline(f"{amount} came in so far in {view.as_of:%B}.")
    left, right = st.columns(2, gap="large")
    with left:
        completion(view)
    with right:
        curve(view)
    daily(view, receipts)
    autopay(view)
    left, right = st.columns(2, gap="large")
    with left:
        cohorts(view)
    with right:
        revenue(view)


def completion(view: View) -> None:
    section("How much of each month is paid", "Share of the invoices issued in a month, by value, fully paid within …")
    frame = view.figures.completion(view.currency).filter(pl.col("window_name") != "to date")
    frame = frame.with_columns(
        pl.col("share_by_value").alias("share"),
        pl.col("share_by_value").map_elements(wording.share, return_dtype=pl.String).alias("words"),
    )
    if frame.drop_nulls(["share"]).is_empty():
        empty("Known once the first invoices have been out for a week.")
        return
    st.altair_chart(view.charts.completion(frame), alt="Lines: share paid within 7, 30 and 60 days, by month of issue.")


def curve(view: View) -> None:
    summary = {row["cohort"]: row for row in view.figures.days_to_pay(view.currency).to_dicts()}
    section(
        "How fast clients pay", f"Share of invoices paid so many days after issue; open ones are counted{_of(summary)}."
    )
    names = {"last 90 days": NOW, "previous 90 days": BEFORE}
    frame = view.figures.curve(view.currency).filter(pl.col("cohort").is_in(list(names)))
    if frame.is_empty():
        empty("Known once an invoice of the last 90 days is out.")
        return
    starts = (
        frame.select("cohort")
        .unique()
        .with_columns(pl.lit(0, dtype=pl.Int64).alias("day"), pl.lit(0.0).alias("paid_share"))
    )
    steps = pl.concat([starts, frame.select("cohort", "day", "paid_share")]).unique(["cohort", "day"], keep="last")
    steps = steps.filter(pl.col("day") <= CURVE_DAYS).with_columns(pl.col("cohort").replace(names).alias("words"))
    median = summary.get("last 90 days", {}).get("km_median")
    st.altair_chart(
        view.charts.steps(steps.sort("cohort", "day"), CURVE_DAYS, median),
        alt="Step curve: share of invoices paid by days after issue.",
    )


def _of(summary: dict[str, dict[str, Any]]) -> str:
    """Of how many invoices each of the two curves is made."""
    now, before = (summary.get(name, {}).get("invoices", 0) for name in ("last 90 days", "previous 90 days"))
    return f" ({Sample(now, before).words})" if now or before else ""


def daily(view: View, receipts: pl.DataFrame) -> None:
    section("What came in, day by day", f"The last {RECEIPT_DAYS} days, in {view.currency}.")
    if receipts.is_empty():
        empty("Each payment will stand here on the day it was received.")
        return
    frame = receipts.with_columns(
        pl.col("method_kind").replace({kind: words for kind, (words, _) in WAYS.items()}).alias("way"),
        pl.col("amount_minor")
        .map_elements(lambda minor: wording.units(minor, view.currency), return_dtype=pl.Float64)
        .alias("amount"),
        pl.col("amount_minor").map_elements(view.money, return_dtype=pl.String).alias("label"),
    )
    st.altair_chart(view.charts.receipts(frame, view.currency), alt="Bars: money received by day and way of paying.")


def autopay(view: View) -> None:
    """Charges that succeeded, and what became of the ones that did not."""
    section("Autopay", "Cards charged in the last 90 days.")
    rows = {row["span"]: row for row in view.figures.autopay(view.currency).to_dicts()}
    now, before = rows.get("last 90 days"), rows.get("previous 90 days", {})
    if now is None:
        empty("Once a client’s card is charged: how often that succeeds, and how many failed ones are paid after all.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        success = now["success_share"]
        sample = Sample(now["attempted"], before.get("attempted", 0), "charge")
        change = changes.of_share(success, before.get("success_share"))
        figure("Charges that succeed", wording.share(success), change, BEFORE_90, sample)
        st.caption(f"{now['succeeded']} of {wording.count(now['attempted'], 'charge')}.")
    with right:
        recovery = now["recovery_share"]
        sample = Sample(now["failed_invoices"], before.get("failed_invoices", 0))
        change = changes.of_share(recovery, before.get("recovery_share"))
        shown = "none failed" if recovery is None else wording.share(recovery)
        figure("Paid after a failed charge", shown, change, BEFORE_90, sample)
        st.caption(_recovered(now))


def _recovered(row: dict[str, int]) -> str:
    """By what the invoices were paid whose first charge had failed."""
    if not row["failed_invoices"]:
        return "No first charge of an invoice failed."
    ways = (
        ("by pay link", row["recovered_by_link"]), ("by a later charge", row["recovered_by_card"]),
        ("to the studio", row["recovered_elsewhere"]),
    )  # fmt: skip
    told = ", ".join(f"{times} {way}" for way, times in ways if times)
    total = wording.count(row["failed_invoices"], "invoice")
    return f"{row['recovered_invoices']} of {total}{f': {told}' if told else ''}."


def cohorts(view: View) -> None:
    section("Month by month")
    frame = view.figures.completion(view.currency)
    if frame.is_empty():
        empty("Each month in which an invoice is issued will have its row here.")
        return
    wide = frame.with_columns(
        pl.when(pl.col("is_too_young"))
        .then(pl.lit(wording.NOT_YET))
        .otherwise(pl.col("share_by_value").map_elements(wording.share, return_dtype=pl.String))
        .alias("words")
    ).pivot("window_name", index=["cohort_month", "invoices", "net_minor"], values="words")
    table = wide.sort("cohort_month", descending=True).select(
        pl.col("cohort_month").dt.strftime("%B %Y").alias("Issued in"),
        pl.col("invoices").alias("Invoices"),
        pl.col("net_minor").map_elements(view.money, return_dtype=pl.String).alias("Amount"),
        "7 days", "30 days", "60 days", "to date",
    )  # fmt: skip
    right = {name: st.column_config.TextColumn(alignment="right") for name in table.columns[2:]}
    st.dataframe(table, hide_index=True, column_config=right, height="content")


def revenue(view: View) -> None:
    section("What was earned, by kind of work", "Twelve months, net of tax and credit notes.")
    frame = view.figures.revenue(view.currency).group_by("product_type").agg(pl.col("revenue_minor").sum())
    if frame.is_empty():
        empty("Each kind of product will have its bar once an invoice is issued.")
        return
    bars = frame.select(
        pl.col("product_type").alias("name"),
        pl.col("revenue_minor")
        .map_elements(lambda minor: wording.units(minor, view.currency), return_dtype=pl.Float64)
        .alias("amount"),
        pl.col("revenue_minor")
        .map_elements(lambda minor: wording.whole(minor, view.currency), return_dtype=pl.String)
        .alias("label"),
    )
    st.altair_chart(view.charts.parts(bars), alt="Bars: revenue by kind of product.")
