"""What waits for a person: each matter with what to do about it, the longest waiting first."""

from __future__ import annotations

import streamlit as st

from dashboards import wording
from dashboards.matters import Matter, by_subject, safe
from dashboards.view import View, empty, headline


def show(view: View) -> None:
    matters = by_subject(view.figures.attention().to_dicts())
    if not matters:
        headline("Nothing waits for you.")
        empty("What the pipeline cannot or must not decide by itself will stand here, with a sentence on what to do.")
        return
    headline(f"{wording.count(len(matters), 'matter waits', 'matters wait')} for you.")
    st.html("".join(_row(matter, view.charts.grey) for matter in matters))
    st.caption("The commands are for a terminal on the studio’s server; each asks first, and keeps your reason.")


def _row(matter: Matter, grey: str) -> str:
    """Who on the left, what to do on the right; on a phone one below the other."""
    small = f"color:{grey};font-size:.875rem"
    commands = "".join(f"<div><code>{safe(command)}</code></div>" for command in matter.commands)
    sentences = "<br>".join(safe(sentence) for sentence in matter.sentences)
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:.125rem 2rem;margin-bottom:1.5rem">'
        f'<div style="flex:1 1 13rem;max-width:20rem"><b>{safe(matter.subject)}</b><br>'
        f'<span style="{small}">{matter.waiting}</span></div>'
        '<div style="flex:3 1 20rem;min-width:0;max-width:46rem;overflow-wrap:anywhere">'
        f'{sentences}<div style="{small};margin-top:.25rem">{matter.lead}{commands}</div></div></div>'
    )
