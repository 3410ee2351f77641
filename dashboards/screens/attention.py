"""What waits for a person: each matter with its sentence, the longest waiting first."""

from __future__ import annotations

import streamlit as st

from dashboards import wording
from dashboards.view import View, empty, headline


def show(view: View) -> None:
    matters = view.figures.attention().to_dicts()
    if not matters:
        headline("Nothing waits for you.")
        empty("What the pipeline cannot or must not decide by itself will stand here, with a sentence on what to do.")
        return
    headline(f"{wording.count(len(matters), 'matter waits', 'matters wait')} for you.")
    for matter in matters:
        who, what = st.columns([1, 3], gap="medium")
        since = "since today" if matter["days_open"] == 0 else f"for {wording.count(matter['days_open'], 'day')}"
        who.markdown(f"**{wording.plain(matter['subject'])}**  \n:gray[{since}]")
        what.markdown(wording.plain(matter["sentence"]))
    st.caption(
        "To act on one: `billing` on the command line (try `billing --help`); it asks for your name and a reason."
    )
