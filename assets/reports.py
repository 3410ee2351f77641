"""What an asset says of its run in the Dagster UI: counts, amounts as money, and a table of what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.effects_done import Ended
from billing.domain.effects import EffectState
from billing.domain.money import Money
from billing.services.context import Context
from billing.services.safety.holds import short_sentence_of

ROWS_SHOWN = 50
LOGGED_EVERY = 50
_TAGGED = 5  # a tag is for finding the usual run of one or two; a backlog's run has its table

Result = dg.MaterializeResult[Any]
Metadata = dict[str, Any]


def told(ctx: Context, metadata: Mapping[str, Any]) -> Result:
    """The asset's result: its metadata without the empty entries, and how much waits for a person."""
    with ctx.ledger.read() as uow:
        waiting, held = len(uow.tasks.open_tasks()), short_sentence_of(uow.operations.holds())
    kept = {name: value for name, value in {**metadata, "Held": held}.items() if value is not None}
    return dg.MaterializeResult(metadata={**kept, "Needs attention": waiting})


def logged(context: dg.AssetExecutionContext, what: str) -> Callable[[int, int], None]:
    """Progress of long work in the run's log, now and then: "200 of 5000 sessions read"."""

    def say(done: int, of: int) -> None:
        if done % LOGGED_EVERY == 0 or done == of:
            context.log.info(f"{done} of {of} {what}")

    return say


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MarkdownMetadataValue | None:
    """A table of what was done; None when nothing was."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return None
    lines = [columns, ["---"] * len(columns), *cells[:ROWS_SHOWN]]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    more = len(cells) - ROWS_SHOWN
    return dg.MetadataValue.md(f"{text}\n\nand {more} more" if more > 0 else text)


def money(amounts: Iterable[Money]) -> str | None:
    """The sum in each currency as text; None of nothing."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, Money(0, amount.currency)) + amount
    return ", ".join(str(sums[currency]) for currency in sorted(sums)) or None


def effects_told(ended: Sequence[Ended], what: str) -> Metadata:
    """Counts of one kind of effect by how they ended, in words: "Mails done", "Mails failed", …"""
    counts = Counter(effect.state for effect in ended)
    named: Metadata = {f"{what} {_WORDS[state]}": counts[state] for state in _WORDS if counts[state]}
    return {f"{what} done": 0} | named


def mails_told(ended: Sequence[Ended]) -> Metadata:
    """Counts of the mails that were accepted, by what they are for."""
    sent = Counter(effect.purpose.partition(":")[0] for effect in ended if effect.is_done)
    by_purpose = table(("Mail", "Sent"), [(name.replace("_", " "), count) for name, count in sorted(sent.items())])
    return effects_told(ended, "Mails") | {"Mails by purpose": by_purpose}


def find_tag(values: Sequence[str]) -> str:
    """A run's tag value by which a session or an invoice is found."""
    shown = " ".join(values[:_TAGGED])
    more = len(values) - _TAGGED
    return f"{shown} +{more}" if more > 0 else shown


_WORDS = {
    EffectState.DONE: "done",
    EffectState.FAILED: "failed",
    EffectState.UNKNOWN: "unknown",
    EffectState.CANCELLED: "not wanted any more",
}


_NO_MARKUP = str.maketrans({"<": "&lt;", ">": "&gt;"} | {sign: f"\\{sign}" for sign in "\\|[]!`*"})


def _cell(value: object) -> str:
    """Cells hold people's words too: nothing in them may end the cell, or become a link, a picture or a tag."""
    return " ".join(("" if value is None else str(value)).translate(_NO_MARKUP).split())
