"""Approving drafts: a person says yes to exactly what they saw, and it is finalized if the order is still that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from billing.domain import canonical
from billing.domain.errors import BillingError, PermanentError
from billing.domain.events import PIPELINE
from billing.domain.invoices import Invoice
from billing.ports.ledger import Books, DraftRow, SessionRow
from billing.services.draft_invoices import Drafted, draft_session
from billing.services.house import House
from billing.services.issue_invoices import finalize_invoice, keep_for_review
from billing.services.limits import room_in
from billing.services.observe_sessions import shared_records
from billing.services.session_records import read_now

_OVER_LIMIT = (
    "The daily limit of invoices is reached and drafts wait; see whether that is right, then"
    " `billing approve --over-limit invoices`, and approve them again. Tomorrow there is room again."
)

_BY = "finalized_by_command:"


def seen_as(invoice: Invoice) -> str:
    """A hash that tells this state of a draft from any other; its dates do not count: they follow the approval."""
    return canonical.sha256(canonical.dumps(replace(invoice, issued_on=date.min, due_on=date.min)))


def seen_text(seen: Mapping[str, str]) -> str:
    """Drafts and how they were seen, as the argument of the command `approve`."""
    return " ".join(f"{invoice_id}@{state}" for invoice_id, state in seen.items())


def seen_of(text: str) -> dict[str, str]:
    """What `seen_text` wrote. A draft without the state in which it was seen has not been looked at."""
    pairs = [part.partition("@") for part in text.split()]
    unseen = [invoice_id for invoice_id, _, state in pairs if not state]
    if unseen:
        sentence = f"{unseen[0]} must be looked at before it is approved; `billing approve` shows it."
        raise PermanentError("not_looked_at", sentence)
    return {invoice_id: state for invoice_id, _, state in pairs}


def approve_draft(house: House, invoice_id: str, seen: str, actor: str, command_id: int) -> Invoice:
    """Finalize a draft as a person has seen it. If it or its order has changed since, it is renewed and refused.

    A command that has finalized it already, and could not say so because of a crash, gets the same invoice.
    """
    with house.ledger.read() as books:
        finalized = _finalized_by(books, invoice_id, command_id)
    if finalized:
        return finalized
    waiting, session = _waiting(house, invoice_id)
    if seen_as(waiting.invoice) != seen:
        raise _changed(f"Draft {invoice_id} has changed since you looked")
    drafted = _drafted_now(house, session, invoice_id)
    fresh = next((draft for draft in drafted.invoices if draft.invoice_id == invoice_id), None)
    with house.ledger.write() as books:
        if finalized := _finalized_by(books, invoice_id, command_id):
            return finalized  # another worker carries out the same command
        current = books.invoices.draft(invoice_id)
        if current is None or current.state != "waiting" or seen_as(current.invoice) != seen:
            raise _changed(f"Draft {invoice_id} was decided or renewed just now")
        if fresh is None or seen_as(fresh) != seen:
            _renew(house, books, session, invoice_id, fresh)
            refusal = _changed(f"The order behind draft {invoice_id} has changed since you looked")
        elif not _has_room(house, books, current):
            refusal = PermanentError("limit_invoices", _OVER_LIMIT)
            books.desk.raise_attention("limits", refusal.code, refusal.sentence, house.now())
        else:
            books.invoices.decide_draft(invoice_id, "finalized", actor, house.now())
            books.records.move_cursor(_BY + invoice_id, str(command_id), house.now())
            return finalize_invoice(house, books, session, fresh, drafted.record_horizon, actor)
    raise refusal


def _finalized_by(books: Books, invoice_id: str, command_id: int) -> Invoice | None:
    if books.records.cursor(_BY + invoice_id) != str(command_id):
        return None
    return books.invoices.require(invoice_id).invoice


def _waiting(house: House, invoice_id: str) -> tuple[DraftRow, SessionRow]:
    with house.ledger.read() as books:
        draft = books.invoices.draft(invoice_id)
        session = books.sessions.get(draft.invoice.session_id) if draft else None
    if draft is None or session is None or draft.state != "waiting":
        raise PermanentError("no_such_draft", f"No draft {invoice_id} waits; `billing approve` lists those that do.")
    return draft, session


def _drafted_now(house: House, session: SessionRow, invoice_id: str) -> Drafted:
    """What it comes to by the booking system's word of this moment."""
    try:
        shared = shared_records(house)
        read_now(house, session, shared)
    except BillingError as error:
        stays = f"{error.sentence} Draft {invoice_id} is not approved and stays; approve it again when this is over."
        raise PermanentError(error.code, stays) from error
    return draft_session(house, session, shared)


def _changed(what: str) -> PermanentError:
    return PermanentError("draft_changed", f"{what}; look at it once more with `billing approve`.")


def _has_room(house: House, books: Books, draft: DraftRow) -> bool:
    """A draft of today counts among today's invoices already; an older one needs room among them."""
    since = house.policy.day_starts_at(house.now())
    return draft.created_at >= since or room_in(house, books, "invoices", books.invoices.made_since(since)) > 0


def _renew(house: House, books: Books, session: SessionRow, invoice_id: str, fresh: Invoice | None) -> None:
    if fresh is None:
        books.invoices.decide_draft(invoice_id, "discarded", PIPELINE, house.now())
        books.sessions.settle(session.session_id, "due", None, house.now())
    else:
        keep_for_review(books, fresh, house.now())
