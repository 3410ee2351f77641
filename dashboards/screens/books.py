"""Books: whether they agree with the outside, what differs if not, and what is on its way to the bank."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import wording
from dashboards.matters import safe
from dashboards.view import View, empty, headline, section

OUTSIDE = {"stripe": "Stripe", "vsco": "VSCO Workspace", "galleries": "Galleries"}
OVERDUE_AFTER = timedelta(days=2)  # it is compared every night: after two without, somebody should know
ON_ITS_WAY = ("pending", "in_transit")
_STATUS = {
    "pending": "on its way",
    "in_transit": "on its way",
    "paid": "arrived",
    "failed": "refused by the bank",
    "canceled": "canceled",
}


def show(view: View) -> None:
    differences = view.figures.differences().to_dicts()
    compared = {row["scope"]: row for row in view.figures.compared().to_dicts()}
    headline(_answer(view, differences, compared))
    for column, scope in zip(st.columns(3, gap="large"), OUTSIDE, strict=True):
        with column:
            against(view, scope, compared.get(scope), differences)
    if differences:
        section("What differs", "The longest first. What differs is also under “Needs attention” until it agrees.")
        st.html("".join(_row(view, row) for row in differences))
    payouts(view)


def _answer(view: View, differences: list[dict[str, Any]], compared: dict[str, dict[str, Any]]) -> str:
    if differences:
        return f"{wording.count(len(differences), 'thing differs', 'things differ')} between the books and the outside."
    known = [OUTSIDE[scope] for scope in OUTSIDE if scope in compared]
    if not known:
        return "The books have not been compared with the outside yet."
    if len(known) < len(OUTSIDE) or any(_is_overdue(view, row) for row in compared.values()):
        return "Nothing differed when the books were last compared."
    return "The books agree with Stripe, VSCO Workspace and the galleries."


def against(view: View, scope: str, last: dict[str, Any] | None, differences: list[dict[str, Any]]) -> None:
    """One outside: how many differences, how much was compared, and when."""
    here = [row for row in differences if row["scope"] == scope]
    if last is None:
        st.metric(OUTSIDE[scope], wording.NOT_YET)
        st.caption("Compared every night, and by `billing reconcile`.")
        return
    st.metric(OUTSIDE[scope], wording.count(len(here), "difference") if here else "no difference")
    when = _when(view, last["finished_on"])
    late = ". No later comparison has ended; in Dagster, look at the job reconcile" if _is_overdue(view, last) else ""
    things = wording.count(last["compared"], "thing")
    st.caption(f"{things} compared {when}{late}.")


def _when(view: View, day: date) -> str:
    days = (view.as_of - day).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"on {wording.day(day)}"


def _is_overdue(view: View, last: dict[str, Any]) -> bool:
    finished_on: date = last["finished_on"]
    return view.as_of - finished_on >= OVERDUE_AFTER


def _row(view: View, row: dict[str, Any]) -> str:
    """What and since when on the left; the sentence and both amounts on the right; on a phone one below the other."""
    small = f"color:{view.charts.grey};font-size:.875rem"
    days = row["days_open"]
    since = "since today" if days <= 0 else f"for {wording.count(days, 'day')}"
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:.125rem 2rem;margin-bottom:1.5rem">'
        f'<div style="flex:1 1 13rem;max-width:20rem"><b>{safe(row["subject"])}</b><br>'
        f'<span style="{small}">{OUTSIDE[row["scope"]]}, {since}</span></div>'
        '<div style="flex:3 1 20rem;min-width:0;max-width:46rem;overflow-wrap:anywhere">'
        f'{safe(row["sentence"])}<div style="{small};margin-top:.25rem">{_amounts(row)}</div></div></div>'
    )


def _amounts(row: dict[str, Any]) -> str:
    """ "In the books 500.00 EUR, outside 450.00 EUR: 50.00 EUR less"."""
    if row["currency"] is None:
        return ""
    here, there = row["ledger_minor"], row["outside_minor"]
    told = [
        f"{side} {wording.money(minor, row['currency'])}"
        for side, minor in (("in the books", here), ("outside", there))
        if minor is not None
    ]
    text = ", ".join(told)
    if here is not None and there is not None and here != there:
        more = "more" if row["off_minor"] > 0 else "less"
        text += f": {wording.money(abs(row['off_minor']), row['currency'])} {more}"
    return text[:1].upper() + text[1:]


def payouts(view: View) -> None:
    """What lies at Stripe, what is on its way, and what has arrived, with what each payout is made of."""
    section("To your bank", f"What Stripe pays out, in {view.currency}.")
    frame = view.figures.payouts(view.currency)
    balance = view.figures.provider_balance(view.currency)
    if frame.is_empty() and balance is None:
        empty("Each payout will stand here from the day it is made, with what clients paid and what Stripe kept.")
        return
    under_way = frame.filter(pl.col("status").is_in(ON_ITS_WAY))
    month = frame.filter((pl.col("status") == "paid") & (pl.col("arrives_on") >= view.as_of.replace(day=1)))
    left, middle, right = st.columns(3, gap="large")
    with left:
        st.metric("Still at Stripe", view.money(balance or 0))
        st.caption("Paid by clients and not paid out yet.")
    with middle:
        st.metric("On its way", view.money(int(under_way["amount_minor"].sum())))
        st.caption(_next(under_way))
    with right:
        st.metric(f"Arrived in {view.as_of:%B}", view.money(int(month["amount_minor"].sum())))
        st.caption(f"In {wording.count(month.height, 'payout')}.")
    if frame.is_empty():
        empty("No payout has been made yet.")
        return
    table = frame.select(
        pl.col("arrives_on").alias("Arrives"),
        pl.col("status").replace(_STATUS).alias("State"),
        pl.col("payments").alias("Payments"),
        *(
            pl.col(column).map_elements(view.money, return_dtype=pl.String).alias(name)
            for column, name in (
                ("paid_minor", "Clients paid"), ("went_back_minor", "Went back"), ("fees_minor", "Stripe kept"),
                ("amount_minor", "To the bank"),
            )
        ),
        pl.col("payout_id").alias("Payout"),
    )  # fmt: skip
    config: dict[str, Any] = {name: st.column_config.TextColumn(alignment="right") for name in table.columns[3:7]}
    config["Arrives"] = st.column_config.DateColumn(format="D MMM YYYY")
    st.dataframe(table, hide_index=True, column_config=config, height="content" if table.height < 12 else 440)


def _next(under_way: pl.DataFrame) -> str:
    if under_way.is_empty():
        return "Nothing is under way."
    first = min(under_way["arrives_on"].to_list())
    return f"In {wording.count(under_way.height, 'payout')}, the next on {wording.day(first)}."
