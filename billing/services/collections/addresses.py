"""Where a client is reached today: as the booking system says, or a person after a mail came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing.domain.addresses import Addresses, Origin, addressees, are_the_same
from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.invoices import BilledClient
from billing.domain.mail import MailKind, kind_of_mail
from billing.domain.sessions import Client
from billing.ports.ledger import InvoiceRow, SessionRow, UnitOfWork
from billing.services.context import Context
from billing.standards.addresses import addresses_in

REFUSED = ("mail_bounced", "invalid_email")  # by the address, so that another one may mend it


def emails_for(uow: UnitOfWork, row: InvoiceRow, kind: MailKind) -> tuple[str, ...]:
    """To whom a mail of this kind about the invoice goes now."""
    source, client = _source(uow, row), row.invoice.client
    booked, given = (uow.correspondence.addresses(source, client.client_id, origin) for origin in Origin)
    fields = addressees(kind, client.emails, booked, given)
    return tuple(email for field in fields for email in addresses_in(field))  # an older version froze them as typed


def note_booked(ctx: Context, uow: UnitOfWork, session: SessionRow, client: Client | BilledClient) -> None:
    """The booking system was read: from now on mail goes where it says. A client without any keeps the last known."""
    known = uow.correspondence.addresses(session.source, client.client_id, Origin.BOOKED)
    if not client.emails or (known and are_the_same(known.emails, client.emails)):
        return
    since = None if known else _billed_with(uow, client)
    said = Addresses(client.emails, since or ctx.now())
    _keep(ctx, uow, session.source, client.client_id, Origin.BOOKED, said, PIPELINE)


def note_given(ctx: Context, uow: UnitOfWork, row: InvoiceRow, emails: Sequence[str], actor: str) -> int:
    """A person names the client's right addresses: mail goes there until the booking system says something newer.

    Returns how many mails go out now that other addresses had refused.
    """
    said = Addresses(tuple(emails), ctx.now())
    return _keep(ctx, uow, _source(uow, row), row.invoice.client.client_id, Origin.GIVEN, said, actor)


def try_again(ctx: Context, uow: UnitOfWork, mail: Effect, by: str) -> bool:
    """A mail that failed goes out after all; False for a reminder of another day, of which the policy decides anew."""
    is_of_today = mail.parameters.get("remind_on") in (None, ctx.today().isoformat())
    state = EffectState.READY if is_of_today else EffectState.CANCELLED
    uow.effects.reopen(mail.effect_id, state, ctx.now())
    uow.tasks.resolve(mail.key, None, by, ctx.now())
    return is_of_today


def _keep(
    ctx: Context, uow: UnitOfWork, source: str, client_id: str, origin: Origin, said: Addresses, said_by: str
) -> int:
    """From now on mail goes there, also such as was refused by an address before; who looks at an invoice sees it."""
    billed = [row for row in uow.invoices.of_client(client_id) if _source(uow, row) == source]
    refused = _refused(uow, billed)
    was_for = [emails_for(uow, row, kind_of_mail(mail.purpose)) for mail, row in refused]
    was = [emails_for(uow, row, MailKind.INVOICE) for row in billed]
    uow.correspondence.keep_addresses(source, client_id, origin, said.emails, said_by, said.since)
    for row, emails in zip(billed, was, strict=True):
        if not row.is_void and row.balance_minor > 0:
            _tell(ctx, uow, row, emails, said_by)
    return sum(
        try_again(ctx, uow, mail, said_by)
        for (mail, row), emails in zip(refused, was_for, strict=True)
        if not are_the_same(emails, emails_for(uow, row, kind_of_mail(mail.purpose)))
    )


def _tell(ctx: Context, uow: UnitOfWork, row: InvoiceRow, before: Sequence[str], said_by: str) -> None:
    now_to = emails_for(uow, row, MailKind.INVOICE)
    if are_the_same(before, now_to):
        return
    invoice_id, now = row.invoice.invoice_id, ctx.now()
    body: dict[str, str | int | None] = {"was": ", ".join(before), "to": ", ".join(now_to)}
    event_id = f"reached:{invoice_id}:{now.isoformat()}"
    uow.journal.record_event(DomainEvent(event_id, "client_address_changed", invoice_id, now, said_by, body))


def _refused(uow: UnitOfWork, billed: Sequence[InvoiceRow]) -> list[tuple[Effect, InvoiceRow]]:
    """Mails about these invoices that no address has taken."""
    rows = {row.invoice.invoice_id: row for row in billed}
    failed = uow.effects.in_state(EffectState.FAILED, EffectKind.MAIL) if rows else []
    return [
        (mail, rows[str(mail.parameters["invoice_id"])])
        for mail in failed
        if mail.outcome_code in REFUSED and mail.parameters.get("invoice_id") in rows
    ]


def _billed_with(uow: UnitOfWork, client: Client | BilledClient) -> datetime | None:
    """Since when these addresses are known, where an invoice was frozen with them."""
    billed = uow.invoices.of_client(client.client_id)
    return next((row.finalized_at for row in billed if are_the_same(row.invoice.client.emails, client.emails)), None)


def _source(uow: UnitOfWork, row: InvoiceRow) -> str:
    session = uow.sessions.get(row.invoice.session_id)
    return session.source if session else ""
