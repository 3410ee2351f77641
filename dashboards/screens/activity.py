"""Activity: what the pipeline, the clients and the studio did, day by day."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import wording
from dashboards.view import View, empty, headline, section

DAYS = 60
ORDER = (
    "session noticed", "invoice issued", "invoice mailed", "card charged", "card refused", "refusal mailed",
    "reminder mailed", "payment received", "receipt mailed", "refund mailed", "change of balance mailed",
    "gallery opened", "gallery mailed", "gallery closed", "done by hand", "other mail",
)  # fmt: skip


def show(view: View) -> None:
    frame = view.figures.activity(DAYS)
    last_week = frame.filter(pl.col("day_on") > pl.lit(view.as_of) - pl.duration(days=7))
    issued, paid = (_times(last_week, name) for name in ("invoice issued", "payment received"))
    headline(
        f"In the last week {wording.count(issued, 'invoice')} went out and {wording.count(paid, 'payment')} came in."
    )
    section("Day by day", f"The last {DAYS} days; a larger dot for more.")
    if frame.is_empty():
        empty("Every session, invoice, mail, payment and gallery will leave a dot on its day.")
        return
    known = [name for name in ORDER if name in set(frame["activity"].to_list())]
    ordered = frame.with_columns(
        pl.col("activity").replace_strict({name: n for n, name in enumerate(ORDER)}, default=99).alias("place")
    ).sort("place", "day_on")
    st.altair_chart(view.charts.rhythm(ordered), alt="Dots: what happened on each day.")
    section("In numbers")
    table = frame.pivot("activity", index="day_on", values="times").sort("day_on", descending=True)
    table = table.select("day_on", *known).rename({"day_on": "Day"})
    st.dataframe(
        table, hide_index=True, height=360, placeholder="",
        column_config={"Day": st.column_config.DateColumn(format="D MMM YYYY")},
    )  # fmt: skip


def _times(frame: pl.DataFrame, activity: str) -> int:
    return int(frame.filter(pl.col("activity") == activity)["times"].sum())
