"""A mail that failed, sent again as a person says so: to where the client is reached now, and saying what is so now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.errors import BillingError, PermanentError
from billing.ports.ledger import Books, InvoiceRow
from billing.services.collections.addresses import REFUSED, note_given, try_again
from billing.services.collections.follow_up import remind_now
from billing.services.context import House
from billing.services.effects.in_words import capital, in_words
from billing.services.intake.observe_sessions import shared_records
from billing.services.intake.session_records import read_now


def look_up_address(house: House, effect_id: str) -> None:
    """Read what the booking system says of the client now: it was perhaps corrected there a minute ago.

    Where it does not answer, what is known stays.
    """
    with house.ledger.read() as books:
        mail = books.effects.get(effect_id)
        row = _about(books, mail) if mail and mail.state is EffectState.FAILED else None
        session = books.sessions.get(row.invoice.session_id) if row else None
    if session is not None:
        with suppress(BillingError):
            read_now(house, session, shared_records(house))


def is_sent_again(mail: Effect | None) -> bool:
    """An address had refused it, and it goes to another one by itself."""
    is_waiting = mail is not None and mail.kind is EffectKind.MAIL and mail.state is EffectState.READY
    return is_waiting and mail is not None and mail.outcome_code in REFUSED


def send_again(house: House, books: Books, mail: Effect, to: Sequence[str], actor: str) -> str:
    """What is done, in a sentence. PermanentError if the mail is not to a client."""
    row, others = _about(books, mail), 0
    if to:
        if row is None:
            raise PermanentError("not_to_a_client", "It goes to the owner: set BILLING_OWNER_EMAIL, and try it again.")
        others = note_given(house, books, row, to, actor)
    now = books.effects.get(mail.effect_id)
    if now is not None and now.state is EffectState.FAILED:
        try_again(house, books, mail, actor)
    else:
        others -= 1
    now = books.effects.get(mail.effect_id)
    if row is not None and now is not None and now.state is EffectState.CANCELLED:
        goes_out = remind_now(house, books, row)
        how = "one goes out now" if goes_out else "none is due today"
        return f"Reminders of {row.invoice.number} go on: {how}."
    more = f", with {others} more that were refused" if others > 0 else ""
    return f"{capital(in_words(books, mail))} is tried again{more}."


def give_up_failed(books: Books, row: InvoiceRow, by: str, now: datetime) -> None:
    """Of a void invoice nobody need send again what did not arrive."""
    for mail in books.effects.of_subject(row.invoice.invoice_id, EffectKind.MAIL):
        if mail.state is EffectState.FAILED:
            books.effects.reopen(mail.effect_id, EffectState.CANCELLED, now)
            books.desk.resolve_attention(mail.key, None, by, now)


def _about(books: Books, mail: Effect) -> InvoiceRow | None:
    return books.invoices.get(str(mail.parameters.get("invoice_id"))) if mail.kind is EffectKind.MAIL else None
