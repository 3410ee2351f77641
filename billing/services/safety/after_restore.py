"""What a restored ledger does not know: which numbers and sessions were billed after the backup was made.

The provider carries both in the metadata of its pages and payments. What it knows beyond the books is not billed by
itself a second time, and its numbers are not given again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.policy import StudioPolicy
from billing.ports.ledger import SessionRow, UnitOfWork
from billing.ports.operations import CAUSE_RESTORED
from billing.ports.outside import KnownInvoice
from billing.services.context import Context

PERHAPS_BILLED = "perhaps_billed"
_BILLED_ELSEWHERE = "restore:billed_elsewhere"  # session -> number, of all that the books do not know


def note_billed_elsewhere(uow: UnitOfWork, found: Iterable[KnownInvoice], now: datetime) -> dict[str, str]:
    """Keep what the provider knows and the books do not; returns number -> session."""
    lost = dict(_lost(uow))
    for one in found:
        known = uow.invoices.by_number(one.number) if one.number else None
        if one.number and (known is None or known.invoice.invoice_id != one.invoice_id):
            lost[one.number] = one.session_id
    if lost:
        uow.records.move_cursor(_BILLED_ELSEWHERE, json.dumps(lost, sort_keys=True), now)
    return lost


def needs_a_person(ctx: Context, uow: UnitOfWork, session: SessionRow) -> bool:
    """Whether it must not be billed by itself: completed before a restore, or its number was perhaps given before."""
    restored_at = uow.operations.last_hold(CAUSE_RESTORED)
    if restored_at is None:
        return False
    if _is_not_reconciled(uow) or _given_before(uow, ctx.policy.series_on(ctx.today())):
        return True
    return session.completed_on is None or session.completed_on <= ctx.policy.day_of(restored_at)


def perhaps_reminded(uow: UnitOfWork, invoice: Invoice, policy: StudioPolicy) -> tuple[tuple[str, date], ...]:
    """As if all stages that were due until a restore had been sent on its day: they were, or the books would know."""
    restored_at = uow.operations.last_hold(CAUSE_RESTORED)
    restored_on = policy.day_of(restored_at) if restored_at else None
    return ((CAUSE_RESTORED, restored_on),) if restored_on and restored_on >= invoice.issued_on else ()


def warn_of_draft(uow: UnitOfWork, draft: Invoice, now: datetime) -> None:
    """Say beside a draft what a person must know before they approve it."""
    numbers = sorted(number for number, session_id in _lost(uow).items() if session_id == draft.session_id)
    known = f"; Stripe knows invoice {', '.join(numbers)} for it" if numbers else ""
    sentence = (
        f"{draft.session.name} of {draft.client.name} was perhaps billed between backup and restore{known}. Look into"
        f" the sent folder, then approve or discard {draft.invoice_id}: `billing approve`."
    )
    uow.tasks.raise_task(draft.session_id, PERHAPS_BILLED, sentence, now)


def check_series(uow: UnitOfWork, series: str) -> None:
    """PermanentError if a number of this series might be given a second time."""
    if _is_not_reconciled(uow):
        raise PermanentError(
            "not_reconciled", "A backup was restored; nothing gets a number before `billing reconcile` has run."
        )
    given = _given_before(uow, series)
    if given:
        raise PermanentError(
            "numbers_given_before",
            f"Stripe knows {given[-1]}, which these books did not give: it was lost with the restore. Set"
            " BILLING_NUMBER_SERIES to a series that was never used, so that no number is given twice.",
        )


def _is_not_reconciled(uow: UnitOfWork) -> bool:
    return any(hold.cause == CAUSE_RESTORED for hold in uow.operations.holds())


def _given_before(uow: UnitOfWork, series: str) -> list[str]:
    return sorted(number for number in _lost(uow) if number.startswith(series))


def _lost(uow: UnitOfWork) -> Mapping[str, str]:
    kept: dict[str, str] = json.loads(uow.records.cursor(_BILLED_ELSEWHERE) or "{}")
    return kept
