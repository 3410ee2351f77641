"""A ledger that was restored: held from its first moment, brought up to what is outside, let go with its doubts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from billing.domain.effects import RESTORED, SETTLED_BY_PERSON, EffectKind, EffectState, Outcome
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.events import PIPELINE, Command
from billing.ports.ledger import Ledger, UnitOfWork
from billing.ports.operations import CAUSE_RESTORED, Hold
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.recording import is_in_doubt, show_mails_in_doubt
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.safety.after_restore import note_billed_elsewhere, warn_of_draft
from billing.services.safety.holds import MAILS_IN_DOUBT, lift_hold, place_hold

_DOUBT = "a backup was restored, and it may have been done after the backup was made"
_ASK_AGAIN = "A backup was restored since; ask again if it is still wanted."


def mark_restored(ledger: Ledger, reason: str, actor: str, now: datetime, holds: Sequence[Hold] = ()) -> None:
    """Written into a copy before it takes the ledger's place: nothing goes out of it, and nothing old is asked for.

    `holds`: those that are open in the ledger that it replaces; a person's stop outlives a restore.
    """
    with ledger.write() as uow:
        uow.operations.lift_hold(CAUSE_RESTORED, actor, now)  # of an earlier restore: this one counts from now
        place_hold(uow, CAUSE_RESTORED, reason, actor, now)
        for hold in holds:
            if hold.cause != CAUSE_RESTORED:
                place_hold(uow, hold.cause, hold.reason, hold.actor, now)
        for command in uow.commands.waiting():
            uow.commands.settle(command.command_id, "refused", _ASK_AGAIN, now)


def is_restored(ctx: Context) -> bool:
    """Whether the ledger was restored and has not been reconciled since."""
    with ctx.ledger.read() as uow:
        return _is_open(uow)


def reconcile_restored(ctx: Context, compare: Callable[[Context], object], actor: str) -> str:
    """All that a restored ledger needs before anything goes out; returns a sentence. Safe to do again after a crash.

    TemporaryError or PermanentError, and the hold stays, if the outside cannot be read to the end.
    """
    catch_up(ctx)
    compare(ctx)
    return finish_restore(ctx, actor)


def catch_up(ctx: Context) -> None:
    """Read what happened outside since the backup, and commit to what follows from it: nothing goes out yet."""
    observe_jobs(ctx)
    fetch_session_records(ctx)
    poll_events(ctx)
    waiting = _events_waiting(ctx)
    while waiting:
        apply_events(ctx)
        left = _events_waiting(ctx)
        if left and left >= waiting:
            raise TemporaryError(
                "events_wait",
                f"{left} or more of Stripe's events cannot be applied yet; `billing reconcile` again later.",
            )
        waiting = left


def finish_restore(ctx: Context, actor: str) -> str:
    """Everything that is to be done becomes a doubt, asked about before it is done; then the hold is lifted.

    One transaction: a crash leaves the hold as it was.
    """
    found = list(ctx.gateway.known_invoices())
    now = ctx.now()
    with ctx.ledger.write() as uow:
        if not _is_open(uow):
            raise PermanentError("not_restored", "This ledger is not waiting for the reconciliation of a restore.")
        lost = note_billed_elsewhere(uow, found, now)
        doubted = uow.effects.doubt_all(RESTORED, _DOUBT, now)
        mails = sum(effect.kind is EffectKind.MAIL for effect in doubted)
        for effect in doubted:
            uow.tasks.resolve(effect.key, None, PIPELINE, now)
        if mails:
            show_mails_in_doubt(uow, now)
        for draft in uow.drafts.in_state("waiting"):
            warn_of_draft(uow, draft.invoice, now)
        _tell_what_is_lost(uow, len(lost), now)
        lift_hold(uow, CAUSE_RESTORED, actor, "reconciled", now)
    return (
        f"Reconciled and released: {len(doubted)} things are asked about before they are done, {mails} mails wait for a"
        f" person, {len(lost)} invoices of Stripe's are not in the books."
    )


def settle_mails(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """The command `settle_mails`: a named person has looked, and says how all mails in doubt ended."""
    happened, now = str(command.arguments.get("happened")), ctx.now()
    if happened not in ("yes", "no"):
        raise PermanentError("yes_or_no", f"Say whether they went out by yes or no, not {happened}.")
    mails = [mail for mail in uow.effects.in_state(EffectState.UNKNOWN, EffectKind.MAIL) if is_in_doubt(mail)]
    if not mails:
        raise PermanentError("no_doubt", "No mail is in doubt.")
    for mail in mails:
        state = EffectState.DONE if happened == "yes" else EffectState.READY
        outcome = Outcome(state, SETTLED_BY_PERSON, f"{command.actor}: {command.reason}", retry_at=now)
        uow.effects.settle(mail, outcome, now)
        HANDLERS[EffectKind.MAIL].follow(ctx, uow, mail, outcome)
    uow.tasks.resolve(*MAILS_IN_DOUBT, command.actor, now)
    how_many = "1 mail is" if len(mails) == 1 else f"{len(mails)} mails are"
    return f"{how_many} {'settled as sent' if happened == 'yes' else 'sent now'}."


def _is_open(uow: UnitOfWork) -> bool:
    return any(hold.cause == CAUSE_RESTORED for hold in uow.operations.holds())


def _events_waiting(ctx: Context) -> int:
    with ctx.ledger.read() as uow:
        return len(uow.payments.waiting_events(ctx.gateway.name, 10_000))


def _tell_what_is_lost(uow: UnitOfWork, invoices: int, now: datetime) -> None:
    of_stripe = f" Stripe knows {invoices} invoices that are not in the books: see the drafts." if invoices else ""
    sentence = (
        f"What people decided between backup and restore is not in the books.{of_stripe} Enter it again: payments by"
        " cheque, refunds by hand, voids, pauses, consents given and revoked. An invoice with nothing left to pay never"
        " was at Stripe: if the sent folder has a number that is not here, set BILLING_NUMBER_SERIES to a series that"
        " was never used. Then:"
        ' `billing resolve restored --code decisions_lost --reason "…"`.'
    )
    uow.tasks.raise_task("restored", "decisions_lost", sentence, now)
