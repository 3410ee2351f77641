"""The owner's morning mail: what waits for a person, what is overdue, what went out yesterday. One a day, never empty.

Its effect is decided once for each day, from the studio's hour on, and it is written when it is sent: from what the
ledger says then. Where there is nothing to say it is given up, and so is one whose day is over.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from billing.domain.effects import Effect, EffectKind, Intent
from billing.domain.events import Task
from billing.domain.mail import TO_THE_OWNER, DigestLine, DigestPart, MailKind, OwnerDigest, SentMails, kind_of_mail
from billing.domain.money import Money
from billing.domain.tasks import URGENT, kind_of_task
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.ports.operations import CAUSE_RESTORED
from billing.services.automations.what_waits import by_currency, what_waits
from billing.services.automations.whom import whom_of
from billing.services.context import Context
from billing.services.safety.clock_set_back import is_behind

SHOWN = 5  # of each part; the rest is counted
_MAIL_PURPOSES = "mail:"


def plan_owner_digest(ctx: Context) -> bool:
    """Commit to today's, if its hour has come; True if it was. Cheap, and safe at any time, any number of times."""
    now, day = ctx.now(), ctx.today()
    if not is_wanted(ctx) or now < ctx.policy.digest_at(day):
        return False
    with ctx.ledger.read() as uow:
        if uow.effects.of_subject(_subject(day)) or is_behind(uow, now):
            return False
    intent = Intent(EffectKind.MAIL, MailKind.OWNER_DIGEST.value, _subject(day), {"day": day.isoformat()})
    with ctx.ledger.write() as uow:
        return uow.effects.intend(intent, now)


def is_wanted(ctx: Context) -> bool:
    return bool(ctx.policy.owner_email) and ctx.policy.digest_hour is not None


def why_no_digest(ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
    """The reason for which it is not sent, looked for at the moment of sending; else None."""
    day, today = date.fromisoformat(effect.text("day")), ctx.today()
    if not is_wanted(ctx):
        return "nobody wants it any more"
    if day != today:
        return f"it was meant for {day}"
    restored_at = uow.operations.last_hold(CAUSE_RESTORED)
    if restored_at and ctx.policy.day_of(restored_at) == today:
        return "a backup was restored today, and it may have been sent before"
    return "there is nothing to say" if digest_of(ctx, uow, day).is_empty else None


def digest_of(ctx: Context, uow: UnitOfWork, day: date) -> OwnerDigest:
    """What it says of that day, which is today, from the ledger as it is now."""
    waiting = what_waits(uow, day)
    drafts = [row.invoice for row in waiting.drafts]
    return OwnerDigest(
        studio=ctx.policy.studio,
        language=ctx.policy.default_language,
        day=day,
        drafts=DigestPart(
            len(drafts),
            by_currency(draft.amount_due for draft in drafts),
            tuple(DigestLine(one.client.name, one.session.name, one.amount_due) for one in drafts[:SHOWN]),
        ),
        tasks=_tasks(uow, waiting.tasks),
        overdue=_overdue(waiting.overdue, day),
        sent=_sent(ctx, uow, day - timedelta(days=1)),
        dashboard_url=ctx.policy.dashboard_url,
    )


def _overdue(rows: list[InvoiceRow], day: date) -> DigestPart:
    """The longest overdue first."""
    oldest = sorted(rows, key=lambda row: row.invoice.due_on)[:SHOWN]
    lines = [
        DigestLine(row.invoice.client.name, str(row.invoice.number), row.balance, (day - row.invoice.due_on).days)
        for row in oldest
    ]
    return DigestPart(len(rows), by_currency(row.balance for row in rows), tuple(lines))


def _tasks(uow: UnitOfWork, items: list[Task]) -> DigestPart:
    """What others wait for comes first, then what has waited longest."""
    urgent_first = sorted(items, key=lambda item: kind_of_task(item.code) not in URGENT)
    return DigestPart(len(items), lines=tuple(_task(uow, item) for item in urgent_first[:SHOWN]))


def _task(uow: UnitOfWork, item: Task) -> DigestLine:
    whom = whom_of(uow, item.subject_id)
    kind = kind_of_task(
        item.code,
        is_of_session=bool(whom and whom.is_of_session),
        is_of_mail=item.subject_id.startswith(_MAIL_PURPOSES),
    )
    return DigestLine(whom.client, whom.what, task=kind) if whom else DigestLine("", "", task=kind)


def _sent(ctx: Context, uow: UnitOfWork, day: date) -> tuple[SentMails, ...]:
    """By kind what the mail server took on that day of the studio."""
    first, last = ctx.policy.first_moment_of(day), ctx.policy.first_moment_of(day + timedelta(days=1))
    amounts: dict[MailKind, list[Money | None]] = defaultdict(list)
    for mail in uow.effects.done_between(EffectKind.MAIL, first, last):
        kind = kind_of_mail(mail.purpose)
        if kind not in TO_THE_OWNER:
            amounts[kind].append(_amount(uow, kind, mail))
    return tuple(
        SentMails(kind, len(found), by_currency(amount for amount in found if amount))
        for kind in MailKind
        if (found := amounts.get(kind))
    )


def _amount(uow: UnitOfWork, kind: MailKind, mail: Effect) -> Money | None:
    """What was asked for by an invoice, received, or given back."""
    if kind is MailKind.RECEIPT:
        payment = uow.payments.get(mail.subject_id)
        return payment.amount if payment else None
    invoice = uow.invoices.require(mail.text("invoice_id")).invoice
    if kind is MailKind.INVOICE:
        return invoice.amount_due
    return Money(mail.number("amount_minor"), invoice.currency) if kind is MailKind.REFUND else None


def _subject(day: date) -> str:
    return f"digest:{day}"
