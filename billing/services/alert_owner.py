"""Telling the owner that the machinery itself has failed: under "needs attention", and by one mail a day a job."""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain.effects import EffectKind, Intent
from billing.domain.events import PIPELINE
from billing.domain.mail import MailKind
from billing.services.house import House


def alert_run_failed(house: House, job: str, run_id: str, reasons: Sequence[str]) -> bool:
    """Show a failed run to a person; True if a mail to the owner was committed to. A second alert changes nothing.

    Without an owner's address it is shown under "needs attention" alone.
    """
    why = " ".join(reasons) or "It ended without saying why."
    sentence = f"Run {run_id[:8]} of {job} failed: {why} Look at it in Dagster; it goes on by itself when it is mended."
    to, today = house.policy.owner_email, house.today()
    with house.ledger.write() as books:
        books.desk.raise_attention(f"job:{job}", "run_failed", sentence, house.now())
        if not to:
            return False
        parameters: dict[str, str | int | None] = {
            "to": to,
            "title": f"{job} failed",
            "sentences": "\n".join([f"Run {run_id[:8]} failed on {today}.", *reasons, "No money moves twice by this."]),
        }
        # The day is part of the subject: a job that fails every minute sends one mail a day, not one a minute.
        intent = Intent(EffectKind.MAIL, MailKind.OWNER_ALERT.value, f"job:{job}:{today}", parameters)
        return books.effects.intend(intent, house.now())


def run_succeeded(house: House, job: str) -> int:
    """The job works again: its open item is closed. Cheap when nothing is open."""
    subject = f"job:{job}"
    with house.ledger.read() as books:
        is_open = any(item.subject_id == subject for item in books.desk.open_items())
    if not is_open:
        return 0
    with house.ledger.write() as books:
        return books.desk.resolve_attention(subject, "run_failed", PIPELINE, house.now())
