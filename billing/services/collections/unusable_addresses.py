"""A client's e-mail addresses that cannot be used: the others get their mail, and a person is told which to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billing.domain.effects import Effect
from billing.domain.events import PIPELINE
from billing.domain.sessions import Client
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.safety.told_once import tell_once

UNUSABLE, REFUSED = "address_unusable", "address_refused"


def note_addresses(ctx: Context, uow: UnitOfWork, client: Client) -> None:
    """One item for the client while an address stands there that no mail can be sent to; told once of each.

    A client without any good address is set aside by the billing, which says the same.
    """
    subject = _subject(client.client_id)
    if not client.unusable_emails or not client.emails:
        uow.tasks.resolve(subject, UNUSABLE, PIPELINE, ctx.now())
        return
    why = " ".join(reason for _, reason in client.unusable_emails)
    sentence = (
        f"Mail to {client.name} goes to {', '.join(client.emails)} alone. {why} Correct it in the booking system, or"
        " take it out there."
    )
    tell_once(uow, subject, UNUSABLE, [address for address, _ in client.unusable_emails], sentence, ctx.now())


def note_refused(ctx: Context, uow: UnitOfWork, mail: Effect, to: Sequence[str], refused: Mapping[str, str]) -> None:
    """The mail server took a mail for some of the addresses `to`; `refused`: each other, with the server's words."""
    row = uow.invoices.get(str(mail.parameters.get("invoice_id")))
    subject = _subject(row.invoice.client.client_id) if row else mail.key
    if not refused:
        if len(to) > 1:  # all of them were taken
            uow.tasks.resolve(subject, REFUSED, PIPELINE, ctx.now())
        return
    whose = f" of {row.invoice.client.name}" if row else ""
    about = f" about {row.invoice.number}" if row else ""
    words = "; ".join(f"{address}: {said}" for address, said in refused.items())
    sentence = (
        f"A mail{about} reached the other addresses{whose}, and not {words}. Correct that one in the booking system, or"
        " take it out there."
    )
    uow.tasks.raise_task(subject, REFUSED, sentence, ctx.now())


def _subject(client_id: str) -> str:
    return f"client:{client_id}"
