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
from billing.ports.ledger import Books, InvoiceRow, SessionRow
from billing.services.context import House
from billing.standards.addresses import addresses_in

REFUSED = ("mail_bounced", "invalid_email")  # by the address, so that another one may mend it


def emails_for(books: Books, row: InvoiceRow, kind: MailKind) -> tuple[str, ...]:
    """To whom a mail of this kind about the invoice goes now."""
    source, client = _source(books, row), row.invoice.client
    booked, given = (books.correspondence.addresses(source, client.client_id, origin) for origin in Origin)
    fields = addressees(kind, client.emails, booked, given)
    return tuple(email for field in fields for email in addresses_in(field))  # an older version froze them as typed


def note_booked(house: House, books: Books, session: SessionRow, client: Client | BilledClient) -> None:
    """The booking system was read: from now on mail goes where it says. A client without any keeps the last known."""
    known = books.correspondence.addresses(session.source, client.client_id, Origin.BOOKED)
    if not client.emails or (known and are_the_same(known.emails, client.emails)):
        return
    since = None if known else _billed_with(books, client)
    said = Addresses(client.emails, since or house.now())
    _keep(house, books, session.source, client.client_id, Origin.BOOKED, said, PIPELINE)


def note_given(house: House, books: Books, row: InvoiceRow, emails: Sequence[str], actor: str) -> int:
    """A person names the client's right addresses: mail goes there until the booking system says something newer.

    Returns how many mails go out now that other addresses had refused.
    """
    said = Addresses(tuple(emails), house.now())
    return _keep(house, books, _source(books, row), row.invoice.client.client_id, Origin.GIVEN, said, actor)


def try_again(house: House, books: Books, mail: Effect, by: str) -> bool:
    """A mail that failed goes out after all; False for a reminder of another day, of which the policy decides anew."""
    is_of_today = mail.parameters.get("remind_on") in (None, house.today().isoformat())
    state = EffectState.READY if is_of_today else EffectState.CANCELLED
    books.effects.reopen(mail.effect_id, state, house.now())
    books.desk.resolve_attention(mail.key, None, by, house.now())
    return is_of_today


def _keep(
    house: House, books: Books, source: str, client_id: str, origin: Origin, said: Addresses, said_by: str
) -> int:
    """From now on mail goes there, also such as was refused by an address before; who looks at an invoice sees it."""
    billed = [row for row in books.invoices.of_client(client_id) if _source(books, row) == source]
    refused = _refused(books, billed)
    was_for = [emails_for(books, row, kind_of_mail(mail.purpose)) for mail, row in refused]
    was = [emails_for(books, row, MailKind.INVOICE) for row in billed]
    books.correspondence.keep_addresses(source, client_id, origin, said.emails, said_by, said.since)
    for row, emails in zip(billed, was, strict=True):
        if not row.is_void and row.balance_minor > 0:
            _tell(house, books, row, emails, said_by)
    return sum(
        try_again(house, books, mail, said_by)
        for (mail, row), emails in zip(refused, was_for, strict=True)
        if not are_the_same(emails, emails_for(books, row, kind_of_mail(mail.purpose)))
    )


def _tell(house: House, books: Books, row: InvoiceRow, before: Sequence[str], said_by: str) -> None:
    now_to = emails_for(books, row, MailKind.INVOICE)
    if are_the_same(before, now_to):
        return
    invoice_id, now = row.invoice.invoice_id, house.now()
    body: dict[str, str | int | None] = {"was": ", ".join(before), "to": ", ".join(now_to)}
    event_id = f"reached:{invoice_id}:{now.isoformat()}"
    books.journal.tell(DomainEvent(event_id, "client_address_changed", invoice_id, now, said_by, body))


def _refused(books: Books, billed: Sequence[InvoiceRow]) -> list[tuple[Effect, InvoiceRow]]:
    """Mails about these invoices that no address has taken."""
    rows = {row.invoice.invoice_id: row for row in billed}
    failed = books.effects.in_state(EffectState.FAILED, EffectKind.MAIL) if rows else []
    return [
        (mail, rows[str(mail.parameters["invoice_id"])])
        for mail in failed
        if mail.outcome_code in REFUSED and mail.parameters.get("invoice_id") in rows
    ]


def _billed_with(books: Books, client: Client | BilledClient) -> datetime | None:
    """Since when these addresses are known, where an invoice was frozen with them."""
    billed = books.invoices.of_client(client.client_id)
    return next((row.finalized_at for row in billed if are_the_same(row.invoice.client.emails, client.emails)), None)


def _source(books: Books, row: InvoiceRow) -> str:
    session = books.sessions.get(row.invoice.session_id)
    return session.source if session else ""
