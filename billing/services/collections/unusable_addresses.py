"""A client's e-mail addresses that cannot be used: the others get their mail, and a person is told which to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billing.domain import canonical
from billing.domain.effects import Effect
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.sessions import Client
from billing.ports.ledger import Books
from billing.services.context import House

UNUSABLE, REFUSED = "address_unusable", "address_refused"


def note_addresses(house: House, books: Books, client: Client) -> None:
    """One item for the client while an address stands there that no mail can be sent to; told once of each.

    A client without any good address is set aside by the billing, which says the same.
    """
    subject = _subject(client.client_id)
    if not client.unusable_emails or not client.emails:
        books.desk.resolve_attention(subject, UNUSABLE, PIPELINE, house.now())
        return
    which = canonical.sha256("\n".join(address for address, _ in client.unusable_emails))[:16]
    told = DomainEvent(f"{UNUSABLE}:{client.client_id}:{which}", UNUSABLE, subject, house.now())
    if books.journal.tell(told):
        why = " ".join(reason for _, reason in client.unusable_emails)
        sentence = (
            f"Mail to {client.name} goes to {', '.join(client.emails)} alone. {why} Correct it in the booking system,"
            " or take it out there."
        )
        books.desk.resolve_attention(subject, UNUSABLE, PIPELINE, house.now())
        books.desk.raise_attention(subject, UNUSABLE, sentence, house.now())


def note_refused(house: House, books: Books, mail: Effect, to: Sequence[str], refused: Mapping[str, str]) -> None:
    """The mail server took a mail for some of the addresses `to`; `refused`: each other, with the server's words."""
    row = books.invoices.get(str(mail.parameters.get("invoice_id")))
    subject = _subject(row.invoice.client.client_id) if row else mail.key
    if not refused:
        if len(to) > 1:  # all of them were taken
            books.desk.resolve_attention(subject, REFUSED, PIPELINE, house.now())
        return
    whose = f" of {row.invoice.client.name}" if row else ""
    about = f" about {row.invoice.number}" if row else ""
    words = "; ".join(f"{address}: {said}" for address, said in refused.items())
    sentence = (
        f"A mail{about} reached the other addresses{whose}, and not {words}. Correct that one in the booking system, or"
        " take it out there."
    )
    books.desk.raise_attention(subject, REFUSED, sentence, house.now())


def _subject(client_id: str) -> str:
    return f"client:{client_id}"
