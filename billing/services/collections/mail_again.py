"""A mail that failed, sent again as a person says so: to where the client is reached now, and saying what is so now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.errors import BillingError, PermanentError
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.collections.addresses import REFUSED, note_given, try_again
from billing.services.collections.follow_up import remind_now
from billing.services.context import Context
from billing.services.effects.in_words import capital, in_words
from billing.services.intake.observe_sessions import shared_records
from billing.services.intake.session_records import read_now


def look_up_address(ctx: Context, effect_id: str) -> None:
    """Read what the booking system says of the client now: it was perhaps corrected there a minute ago.

    Where it does not answer, what is known stays.
    """
    with ctx.ledger.read() as uow:
        mail = uow.effects.get(effect_id)
        row = _about(uow, mail) if mail and mail.state is EffectState.FAILED else None
        session = uow.sessions.get(row.invoice.session_id) if row else None
    if session is not None:
        with suppress(BillingError):
            read_now(ctx, session, shared_records(ctx))


def is_sent_again(mail: Effect | None) -> bool:
    """An address had refused it, and it goes to another one by itself."""
    is_waiting = mail is not None and mail.kind is EffectKind.MAIL and mail.state is EffectState.READY
    return is_waiting and mail is not None and mail.outcome_code in REFUSED


def send_again(ctx: Context, uow: UnitOfWork, mail: Effect, to: Sequence[str], actor: str) -> str:
    """What is done, in a sentence. PermanentError if the mail is not to a client."""
    row, others = _about(uow, mail), 0
    if to:
        if row is None:
            raise PermanentError("not_to_a_client", "It goes to the owner: set BILLING_OWNER_EMAIL, and try it again.")
        others = note_given(ctx, uow, row, to, actor)
    now = uow.effects.get(mail.effect_id)
    if now is not None and now.state is EffectState.FAILED:
        try_again(ctx, uow, mail, actor)
    else:
        others -= 1
    now = uow.effects.get(mail.effect_id)
    if row is not None and now is not None and now.state is EffectState.CANCELLED:
        goes_out = remind_now(ctx, uow, row)
        how = "one goes out now" if goes_out else "none is due today"
        return f"Reminders of {row.invoice.number} go on: {how}."
    more = f", with {others} more that were refused" if others > 0 else ""
    return f"{capital(in_words(uow, mail))} is tried again{more}."


def give_up_failed(uow: UnitOfWork, row: InvoiceRow, by: str, now: datetime) -> None:
    """Of a void invoice nobody need send again what did not arrive."""
    for mail in uow.effects.of_subject(row.invoice.invoice_id, EffectKind.MAIL):
        if mail.state is EffectState.FAILED:
            uow.effects.reopen(mail.effect_id, EffectState.CANCELLED, now)
            uow.tasks.resolve(mail.key, None, by, now)


def _about(uow: UnitOfWork, mail: Effect) -> InvoiceRow | None:
    return uow.invoices.get(str(mail.parameters.get("invoice_id"))) if mail.kind is EffectKind.MAIL else None
