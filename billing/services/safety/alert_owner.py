"""Telling the owner that the machinery itself has failed: under "needs attention", and by one mail a day a job.

The owner reads what happened, for whom, and what to do. Words of programs, names of jobs and commands stand apart, for
whoever looks after the installation.
"""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain.effects import EffectKind, Intent
from billing.domain.events import PIPELINE
from billing.domain.mail import MailKind
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.safety.troubles import Trouble, what_programs_said, why_and_what_to_do

FOR_THE_OPERATOR = "For whoever looks after the installation:"
# What each job does for the studio: the title of a mail, and what it means that it failed; who waits is named apart.
_JOBS = {
    "bill_completed_sessions": (
        "Billing stopped before it was done",
        "Finished sessions are billed, and mails, charges and galleries are seen to, in one go; that was not finished.",
    ),
    "apply_stripe_events": (
        "Payments could not all be booked",
        "What clients have paid could not all be booked, so receipts and galleries may be waiting.",
    ),
    "follow_up_unpaid": (
        "Reminders could not all be sent",
        "Clients who have not paid yet could not all be reminded today.",
    ),
    "reconcile": (
        "The books could not be compared",
        "The nightly comparison of the books with Stripe, the booking system and the galleries was not finished."
        " No client notices anything of it.",
    ),
    "refresh_warehouse": (
        "The dashboard shows older figures",
        "The figures of the dashboard could not be brought up to date. No client notices anything of it.",
    ),
}
_ANY_JOB = ("A part of Studio Billing stopped", "A part of Studio Billing could not finish its work.")
_NOT_TWICE = "Nobody is charged twice, and nothing is sent twice, because of it."


def alert_run_failed(ctx: Context, job: str, run_id: str, troubles: Sequence[Trouble]) -> bool:
    """Show a failed run to a person; True if a mail to the owner was committed to. A second alert changes nothing.

    Without an owner's address it is shown under "needs attention" alone.
    """
    title, what = _JOBS.get(job, _ANY_JOB)
    plain = [what, *why_and_what_to_do(troubles)]
    technical = [f"Run {run_id[:8]} of {job} failed on {ctx.today()}.", *what_programs_said(troubles)]
    with ctx.ledger.write() as uow:
        sentence = told_to_both(plain, technical)
        uow.tasks.raise_task(f"job:{job}", "run_failed", sentence, ctx.now())
        return mail_to_owner(ctx, uow, f"job:{job}", title, [*plain, _NOT_TWICE], technical)


def told_to_both(plain: Sequence[str], technical: Sequence[str]) -> str:
    """One text for where there is one place: an item under "needs attention", a terminal."""
    return " ".join([*plain, FOR_THE_OPERATOR, *technical] if technical else plain)


def mail_to_owner(
    ctx: Context, uow: UnitOfWork, subject: str, title: str, plain: Sequence[str], technical: Sequence[str] = ()
) -> bool:
    """Commit to one mail about this; True if there was none today. False without an owner's address.

    `plain`: what happened and what to do, in words of the studio; `technical`: all else. The day is part of the
    subject: what fails every minute sends one mail a day, not one a minute.
    """
    if not ctx.policy.owner_email:
        return False
    parameters: dict[str, str | int | None] = {
        "title": title,
        "sentences": "\n".join(plain),
        "technical": "\n".join(technical),
    }
    intent = Intent(EffectKind.MAIL, MailKind.OWNER_ALERT.value, _of_today(ctx, subject), parameters)
    return uow.effects.intend(intent, ctx.now())


def was_mailed_today(ctx: Context, uow: UnitOfWork, subject: str) -> bool:
    """Also true where there is nobody to write to."""
    return not ctx.policy.owner_email or bool(uow.effects.of_subject(_of_today(ctx, subject)))


def _of_today(ctx: Context, subject: str) -> str:
    return f"{subject}:{ctx.today()}"


def run_succeeded(ctx: Context, job: str) -> int:
    """The job works again: its open item is closed. Cheap when nothing is open."""
    subject = f"job:{job}"
    with ctx.ledger.read() as uow:
        is_open = uow.tasks.is_open(subject)
    if not is_open:
        return 0
    with ctx.ledger.write() as uow:
        return uow.tasks.resolve(subject, "run_failed", PIPELINE, ctx.now())
