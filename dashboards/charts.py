"""The few kinds of chart: line for time, bar for parts, step curve for days to pay, heat map for aging.

Colours are Okabe and Ito's, which people with any colour vision tell apart; a thing has its colour on every page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import altair as alt
import polars as pl

BLUE, ORANGE, GREEN, VERMILION, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9"
GREY = "#8b929c"  # what is compared with
NOW, BEFORE = "last 90 days", "the 90 days before"
ROW = 34  # pixels a row of bars takes

BUCKETS = ("current", "1-30", "31-60", "61-90", "91+")
BUCKET_WORDS = {
    "current": "not yet due",
    "1-30": "1–30 days overdue",
    "31-60": "31–60 days overdue",
    "61-90": "61–90 days overdue",
    "91+": "more than 90 days",
    "unapplied credit": "credit held for clients",
}
WAYS = {"autopay": ("by autopay", BLUE), "link": ("by pay link", SKY), "elsewhere": ("to the studio", ORANGE)}


class Charts:
    """Charts for one theme: labels on the picture take the page's ink."""

    def __init__(self, dark: bool) -> None:
        self.ink = "#e6e8eb" if dark else "#1d1f23"
        self._hairline = "#2f333a" if dark else "#e5e7eb"
        self.grey = "#9aa1ac" if dark else "#6b7280"
        self._paper = "#16181c" if dark else "#ffffff"
        self._blue = "#4BA3D9" if dark else BLUE
        self._pale_green = "#2b5f52" if dark else "#99d8c7"

    def trend(self, frame: pl.DataFrame, day: str, value: str, words: str) -> alt.LayerChart:
        """A small line under a figure, from zero. The last point is marked, the highest has its `words`."""
        known = frame.drop_nulls([value]).sort(day)
        top = max(known[value].to_list()) or 1.0
        x = alt.X(f"{day}:T", title=None, axis=self._day_axis(known[day].min(), known[day].max(), ticks=4))
        y = alt.Y(f"{value}:Q", title=None, axis=None, scale=alt.Scale(domain=[0, top * 1.25], nice=False))
        tip = [alt.Tooltip(f"{day}:T", title="Until", format="%-d %B %Y"), alt.Tooltip(words, title="Figure")]
        base = alt.Chart(known).encode(x=x, y=y, tooltip=tip)
        last = alt.Chart(known.tail(1)).mark_circle(color=self._blue, size=60, opacity=1, clip=False)
        highest = known.with_row_index("place").filter(pl.col(value) == top).tail(1)
        side = _side(int(highest["place"][0]), known.height)
        label = alt.Chart(highest).mark_text(dy=-9, align=side, color=self.grey, fontSize=12)
        layers = [
            base.mark_line(color=self._blue, strokeWidth=2),
            base.mark_point(opacity=0, size=200),
            last.encode(x=x, y=y, tooltip=tip),
            label.encode(x=x, y=y, text=words),
        ]
        return self._finish(alt.layer(*layers), 110, right=6)

    def owed(self, frame: pl.DataFrame, currency: str) -> alt.LayerChart:
        """What was owed, day by day."""
        base = alt.Chart(frame).encode(
            x=alt.X("day_on:T", title=None, axis=self._day_axis(frame["day_on"].min(), frame["day_on"].max(), ticks=6)),
            y=alt.Y("amount:Q", title=None, axis=self._money_axis(currency)),
            tooltip=[
                alt.Tooltip("day_on:T", title="Day", format="%-d %B %Y"),
                alt.Tooltip("words:N", title="Owed"),
            ],
        )
        line = base.mark_line(color=self._blue, strokeWidth=2, interpolate="step-after")
        return self._finish(alt.layer(line, base.mark_point(opacity=0, size=120)), 220)

    def aging_bars(self, frame: pl.DataFrame) -> alt.LayerChart:
        """One bar a bucket, with its amount beside it. Columns: words, amount, label, overdue."""
        base = alt.Chart(frame).encode(
            y=alt.Y(
                "words:N", title=None, sort=None,
                axis=alt.Axis(labelLimit=200, ticks=False, domain=False, labelPadding=8, **self._labels()),
            ),
            x=alt.X("amount:Q", title=None, axis=None, scale=alt.Scale(zero=True, padding=0)),
            tooltip=[alt.Tooltip("words:N", title="Owed"), alt.Tooltip("label:N", title="Amount")],
        )  # fmt: skip
        bars = base.mark_bar(height=16).encode(
            color=alt.Color("overdue:N", legend=None, scale=alt.Scale(
                domain=["no", "yes", "credit"], range=[self._blue, VERMILION, GREY])),
        )  # fmt: skip
        labels = base.mark_text(align="left", dx=6, color=self.ink, fontSize=13).encode(text="label:N")
        widest = max(frame["amount"].to_list()) or 1.0
        room = alt.Scale(domain=[0, widest * 1.45], zero=True)
        return self._finish(
            alt.layer(bars, labels).encode(x=alt.X("amount:Q", axis=None, scale=room)), ROW * frame.height
        )

    def aging_map(self, frame: pl.DataFrame, months: Sequence[str]) -> alt.LayerChart:
        """Months across, days past due down; the darker, the more is owed.

        Columns: month, words, amount, label, full, invoices, is_full.
        """
        order = [BUCKET_WORDS[bucket] for bucket in BUCKETS]
        base = alt.Chart(frame).encode(
            x=alt.X("month:O", title=None, sort=list(months), axis=alt.Axis(
                labelAngle=0, orient="top", ticks=False, domain=False, labelOverlap=True, **self._labels())),
            y=alt.Y("words:N", title=None, sort=order, axis=alt.Axis(
                ticks=False, domain=False, labelLimit=200, labelPadding=8, **self._labels())),
            tooltip=[alt.Tooltip("month:O", title="End of"), alt.Tooltip("words:N", title="Owed"),
                     alt.Tooltip("full:N", title="Amount"), alt.Tooltip("invoices:Q", title="Invoices")],
        )  # fmt: skip
        cells = base.mark_rect(stroke=self._paper, strokeWidth=2).encode(
            color=alt.Color("amount:Q", legend=None, scale=alt.Scale(range=self._ramp(), domainMin=0)),
        )
        labels = [
            base.transform_filter(f"datum.is_full === {is_full}")
            .mark_text(fontSize=12, color=colour, opacity=alt.expr("width < 520 ? 0 : 1"))  # no room on a phone
            .encode(text="label:N")
            for is_full, colour in (("true", self._paper), ("false", self.ink))
        ]
        return self._finish(alt.layer(cells, *labels), ROW * len(BUCKETS) + 24)

    def steps(self, frame: pl.DataFrame, last_day: int, median: int | None) -> alt.LayerChart:
        """The share of invoices paid by day after issue, in steps, with the day on which half were paid.

        Columns: words, day, paid_share.
        """
        colours = alt.Color("words:N", legend=None, scale=alt.Scale(
            domain=[NOW, BEFORE], range=[self._blue, GREY]))  # fmt: skip
        base = alt.Chart(frame).encode(
            x=alt.X("day:Q", title="days after the invoice", scale=alt.Scale(domain=[0, last_day], nice=False),
                    axis=alt.Axis(grid=False, tickCount=6, **self._axis())),
            y=alt.Y("paid_share:Q", title=None, scale=alt.Scale(domain=[0, 1.08], nice=False),
                    axis=self._share_axis()),
            color=colours,
            tooltip=[alt.Tooltip("words:N", title="Issued in the"), alt.Tooltip("day:Q", title="Day"),
                     alt.Tooltip("paid_share:Q", title="Paid by then", format=".0%")],
        )  # fmt: skip
        line = base.mark_line(strokeWidth=2, interpolate="step-after", clip=True)
        halves = [] if median is None or median > last_day else self._half_paid(median)
        return self._finish(alt.layer(line, base.mark_point(opacity=0, size=120), *self._names(frame), *halves), 280)

    def _names(self, frame: pl.DataFrame) -> list[alt.Chart]:
        """Each curve's name at its right end: above the higher one, below the lower one."""
        ends = frame.sort("day").group_by("words", maintain_order=True).last().sort("paid_share", descending=True)
        return [
            alt.Chart(ends[n : n + 1])
            .mark_text(align="right", dy=-10 if n == 0 else 16, fontSize=13, color=colour)
            .encode(x="day:Q", y="paid_share:Q", text="words:N")
            for n, colour in enumerate(self._blue if name == NOW else GREY for name in ends["words"])
        ]

    def _half_paid(self, median: int) -> list[alt.Chart]:
        at = pl.DataFrame({"day": [median], "half": [0.5], "says": [f"half are paid by day {median}"]})
        base = alt.Chart(at).encode(x="day:Q", y="half:Q")
        return [
            base.mark_circle(size=70, color=self._blue, opacity=1),
            base.mark_text(align="left", dx=10, dy=12, color=self.ink, fontSize=13).encode(text="says:N"),
        ]

    def completion(self, frame: pl.DataFrame) -> alt.LayerChart:
        """The share paid within a window, by month of issue. Columns: cohort_month, window_name, share, words."""
        names = ["60 days", "30 days", "7 days"]
        months = frame.drop_nulls(["share"])["cohort_month"].unique().sort().to_list()
        base = alt.Chart(frame.drop_nulls(["share"])).encode(
            x=alt.X("cohort_month:T", title=None, axis=alt.Axis(
                format="%b %y", values=_some(months, 7), grid=False, **self._axis())),
            y=alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, 1.02], nice=False), axis=self._share_axis()),
            color=alt.Color("window_name:N", sort=names, legend=None, scale=alt.Scale(
                domain=names, range=[GREEN, self._blue, ORANGE])),
            tooltip=[alt.Tooltip("cohort_month:T", title="Issued in", format="%B %Y"),
                     alt.Tooltip("window_name:N", title="Paid within"), alt.Tooltip("words:N", title="Share")],
        )  # fmt: skip
        line = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=28))
        colours = dict(zip(names, (GREEN, self._blue, ORANGE), strict=True))
        return self._finish(alt.layer(line, *_end_labels(frame, colours)), 280, right=56)

    def receipts(self, frame: pl.DataFrame, currency: str) -> alt.LayerChart:
        """Money received by day, in parts by the way it came. Columns: received_on, way, amount, label."""
        used = set(frame["way"].to_list())
        words, colours = zip(*(way for way in WAYS.values() if way[0] in used), strict=True)
        bars = (
            alt.Chart(frame)
            .mark_bar(minBandSize=3)
            .encode(
                x=alt.X("yearmonthdate(received_on):T", title=None, axis=alt.Axis(
                    format="%-d %b", tickCount=8, grid=False, **self._axis())),
                y=alt.Y("sum(amount):Q", title=None, axis=self._money_axis(currency)),
                color=alt.Color("way:N", title=None, sort=list(words), scale=alt.Scale(
                    domain=list(words), range=list(colours)),
                    legend=alt.Legend(orient="top", direction="horizontal", labelFontSize=13, symbolType="square")),
                tooltip=[alt.Tooltip("received_on:T", title="Day", format="%-d %B %Y"),
                         alt.Tooltip("way:N", title="Received"), alt.Tooltip("label:N", title="Amount")],
            )
        )  # fmt: skip
        return self._finish(alt.layer(bars), 260)

    def weekly(self, frame: pl.DataFrame, currency: str) -> alt.LayerChart:
        """Money received by week, the week that still runs paler. Columns: name, amount, label, running, says."""
        base = alt.Chart(frame).encode(
            x=alt.X("name:O", title=None, sort=None, scale=alt.Scale(paddingInner=0.15, paddingOuter=0.05),
                    axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False, **self._axis())),
            y=alt.Y("amount:Q", title=None, axis=self._money_axis(currency, ticks=3)),
            tooltip=[alt.Tooltip("name:O", title="Week from Monday"), alt.Tooltip("label:N", title="Received"),
                     alt.Tooltip("says:N", title="State")],
        )  # fmt: skip
        bars = base.mark_bar().encode(
            color=alt.condition("datum.running", alt.value(self._pale_green), alt.value(GREEN))
        )
        words = (
            alt.Chart(frame.filter(pl.col("running")))
            .mark_text(dy=-8, dx=2, align="center", color=self.grey, fontSize=12)
            .encode(x=alt.X("name:O", sort=None), y="amount:Q", text="says:N")
        )
        return self._finish(alt.layer(bars, words), 140, right=12)

    def parts(self, frame: pl.DataFrame, *, in_order: bool = False) -> alt.LayerChart:
        """Plain bars with their label at the end, the longest first or in order. Columns: name, amount, label."""
        widest = max(frame["amount"].to_list()) or 1.0
        base = alt.Chart(frame).encode(
            y=alt.Y("name:N", title=None, sort=None if in_order else "-x", axis=alt.Axis(
                ticks=False, domain=False, labelLimit=200, labelPadding=8, **self._labels())),
            x=alt.X("amount:Q", axis=None, scale=alt.Scale(domain=[0, widest * 1.6])),
            tooltip=[alt.Tooltip("name:N", title="Kind"), alt.Tooltip("label:N", title="Amount")],
        )  # fmt: skip
        bars = base.mark_bar(height=16, color=self._blue)
        words = base.mark_text(align="left", dx=6, color=self.ink, fontSize=13).encode(text="label:N")
        return self._finish(alt.layer(bars, words), ROW * frame.height)

    def rhythm(self, frame: pl.DataFrame) -> alt.LayerChart:
        """What happened by day: one row an activity, a dot a day, larger for more. Columns: day_on, activity, times."""
        dots = (
            alt.Chart(frame)
            .mark_circle(color=self._blue, opacity=0.85)
            .encode(
                x=alt.X("day_on:T", title=None, axis=alt.Axis(
                    format="%-d %b", tickCount=6, grid=False, **self._axis())),
                y=alt.Y("activity:N", title=None, sort=None, axis=alt.Axis(
                    ticks=False, domain=False, grid=True, gridColor=self._hairline, labelLimit=200, labelPadding=8,
                    **self._labels())),
                size=alt.Size("times:Q", legend=None, scale=alt.Scale(range=[30, 420], domainMin=1)),
                tooltip=[alt.Tooltip("day_on:T", title="Day", format="%-d %B %Y"),
                         alt.Tooltip("activity:N", title="What"), alt.Tooltip("times:Q", title="Times")],
            )
        )  # fmt: skip
        return self._finish(alt.layer(dots), ROW * frame["activity"].n_unique() + 24)

    def _finish(self, chart: Any, height: int, right: int = 0) -> alt.LayerChart:
        padding = {"left": 0, "top": 6, "right": right, "bottom": 10}
        finished: alt.LayerChart = chart.properties(height=height, padding=padding).configure_view(strokeWidth=0)
        return finished

    def _labels(self) -> dict[str, Any]:
        return {"labelFontSize": 13, "labelColor": self.ink, "labelFlush": False}

    def _axis(self) -> dict[str, Any]:
        grey = {"labelFontSize": 12, "labelColor": self.grey, "titleColor": self.grey, "titleFontWeight": "normal"}
        return {**grey, "domainColor": self._hairline, "tickColor": self._hairline, "labelFlush": False}

    def _day_axis(self, first: Any, last: Any, *, ticks: int) -> alt.Axis:
        """Months for a long line, days for a short one, so that no label comes twice."""
        words = "%b" if (last - first).days > 31 * ticks else "%-d %b"
        return alt.Axis(format=words, tickCount=ticks, grid=False, domain=True, **self._axis())

    def _share_axis(self) -> alt.Axis:
        spaced = "replace(datum.label, '%', '\u00a0%')"
        parts = [0, 0.25, 0.5, 0.75, 1]
        return alt.Axis(
            format=".0%", values=parts, labelExpr=spaced, domain=False, ticks=False, gridColor=self._hairline,
            **self._axis(),
        )  # fmt: skip

    def _money_axis(self, currency: str, ticks: int = 4) -> alt.Axis:
        return alt.Axis(
            format="~s", tickCount=ticks, domain=False, ticks=False, gridColor=self._hairline, title=None,
            labelExpr=f"datum.value === 0 ? '0 {currency}' : datum.label", **self._axis(),
        )  # fmt: skip

    def _ramp(self) -> list[str]:
        """From the paper to Okabe and Ito's blue: more is darker on white, brighter on black."""
        return [self._paper, self._blue] if self._paper != "#ffffff" else ["#f3f7fa", BLUE]


def _some(days: Sequence[date], most: int) -> list[alt.DateTime]:
    """At most so many of these days, evenly, as Vega writes dates."""
    step = -(-len(days) // most) or 1
    return [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in days[::step]]


def _side(place: int, points: int) -> Literal["left", "center", "right"]:
    """A label at the line's left end starts there, at its right end it ends there."""
    if place < points * 0.12:
        return "left"
    return "right" if place >= points * 0.88 else "center"


def _end_labels(frame: pl.DataFrame, colours: dict[str, str]) -> list[alt.Chart]:
    """Each window's name beside the picture, about as high as its line ends; none covers another."""
    known = frame.drop_nulls(["share"]).sort("cohort_month")
    ends = known.group_by("window_name", maintain_order=True).last().sort("share", descending=True).to_dicts()
    labels, free_below = [], 1.2
    for end in ends:
        height = min(end["share"], free_below)
        free_below = height - 0.075
        at = pl.DataFrame(
            {"cohort_month": [known["cohort_month"].max()], "height": [height], "name": [end["window_name"]]}
        )
        mark = alt.Chart(at).mark_text(align="left", dx=8, fontSize=13, color=colours[end["window_name"]])
        labels.append(mark.encode(x="cohort_month:T", y="height:Q", text="name:N"))
    return labels
