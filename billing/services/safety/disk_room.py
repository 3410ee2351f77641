"""Room on the disks: one sentence for each that runs out or refuses, and a person told while there is room for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billing.domain.events import PIPELINE
from billing.domain.storage import in_words
from billing.ports.disks import MEGABYTE, Place
from billing.services.context import Context
from billing.services.safety.alert_owner import mail_to_owner, was_mailed_today
from billing.services.safety.troubles import HAND_IT_ON

DISK, SHORT = "disk", "disk_short"
_PLAIN = (
    "The computer that Studio Billing runs on has little room left. Billing goes on; the dashboard shows older figures"
    " until there is more room, and when there is none left at all, everything waits."
)


def trouble_with(places: Iterable[Place]) -> list[str]:
    """One sentence for each place where nothing can be written, or less is free than is kept for the ledger."""
    return [sentence for place in places if (sentence := _sentence(place))]


def watch_disks(ctx: Context, places: Sequence[Place]) -> list[str]:
    """The same; a person and, once a day, the owner are told while the ledger can still be written."""
    sentences, now = trouble_with(places), ctx.now()
    with ctx.ledger.read() as uow:
        is_shown = uow.tasks.is_open(DISK, SHORT)
        is_mailed = not sentences or was_mailed_today(ctx, uow, DISK)
    if bool(sentences) == is_shown and is_mailed:
        return sentences
    with ctx.ledger.write() as uow:
        if not sentences:
            uow.tasks.resolve(DISK, SHORT, PIPELINE, now)
            return sentences
        uow.tasks.raise_task(DISK, SHORT, " ".join(sentences), now)
        mail_to_owner(ctx, uow, DISK, "The disk runs full", [_PLAIN, HAND_IT_ON], sentences)
    return sentences


def _sentence(place: Place) -> str | None:
    if place.refused:
        stands = "Until then nothing is billed, booked or mailed; nothing is lost by that."
        return f"Nothing can be written to the ledger at {place.folder}: {in_words(place.refused)} {stands}"
    if place.free_bytes < place.reserve_bytes:
        free, kept = place.free_bytes // MEGABYTE, place.reserve_bytes // MEGABYTE
        return (
            f"Only {free:,} MB are free for {place.holds} at {place.folder}; {kept:,} MB are to stay free for the"
            " ledger (BILLING_DISK_RESERVE_MB). Make room; until then no new figures are made."
        )
    return None
