"""What becomes of a server that died and was started again: counted, and told to the owner when it goes on dying."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from datetime import datetime, timedelta

from billing.domain.events import PIPELINE
from billing.ports.operations import ServerEnd
from billing.services.context import Context
from billing.services.safety.alert_owner import mail_to_owner, told_to_both

OFTEN, WITHIN = 3, timedelta(minutes=10)
_CODE = "server_dies"
# What it is to the studio, and what it means that it stops.
_SERVERS = {
    "dashboard": ("The dashboard", "Whoever opens the dashboard may find it closed for a moment. Billing goes on."),
    "daemon": ("The part that does the work", "Finished sessions, payments and mails are seen to later than usual."),
    "portal": (
        "The address that Stripe reports payments to",
        "Payments are noticed half a minute later than usual. Billing goes on.",
    ),
    "dagster": ("The operator's page", "Nobody else notices. Billing goes on."),
}
_ANY_SERVER = ("A part of Studio Billing", "What it does happens later than usual.")
_DO = (
    "It is started again each time, so there is nothing that you must do. If this mail comes again tomorrow, please"
    " pass it on to whoever looks after the installation."
)


def note_server_end(ctx: Context, end: ServerEnd) -> bool:
    """Count it; True if a person is told, because it was not the first in a short while. One mail a day a server."""
    with ctx.ledger.write() as uow:
        uow.operations.add_server_end(end)
        lately = [one for one in uow.operations.server_ends(end.ended_at - WITHIN) if one.server == end.server]
        if len(lately) < OFTEN:
            return False
        what, means = _SERVERS.get(end.server, _ANY_SERVER)
        technical = (
            f"The server {end.server} ended {len(lately)} times in ten minutes; the last time it {how(end)}. It is"
            f" started again each time. See its log (logs/{end.server}.log) and `billing doctor`."
        )
        title, plain = f"{what} stops again and again", [means, _DO]
        sentence = told_to_both([f"{title}.", *plain], [technical])
        uow.tasks.raise_task(_subject(end.server), _CODE, sentence, ctx.now())
        mail_to_owner(ctx, uow, _subject(end.server), title, plain, [technical])
    return True


def server_is_steady(ctx: Context, server: str) -> bool:
    """It has run for a while: what was said of it is closed. True if something was open."""
    with ctx.ledger.write() as uow:
        return uow.tasks.resolve(_subject(server), _CODE, PIPELINE, ctx.now()) > 0


def in_words(ends: Sequence[ServerEnd]) -> list[str]:
    """A clause for each server: "dashboard 3 times, last on 2026-11-30 12:00 UTC: was ended by signal 9 (Killed)"."""
    by_server: dict[str, list[ServerEnd]] = {}
    for end in ends:
        by_server.setdefault(end.server, []).append(end)
    return [
        f"{server} {_times(len(those))}, last on {_moment(those[-1].ended_at)}: {how(those[-1])}"
        for server, those in sorted(by_server.items())
    ]


def how(end: ServerEnd) -> str:
    """In which way it ended."""
    if end.signal is not None:
        return f"was ended by signal {end.signal} ({signal.strsignal(end.signal) or 'unknown'})"
    return "could not be started" if end.exit_code is None else f"ended by itself with code {end.exit_code}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _subject(server: str) -> str:
    return f"server:{server}"
