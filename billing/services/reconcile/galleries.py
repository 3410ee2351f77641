"""Galleries against the policy: open where it holds, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.effects import OPEN_STATES, EffectKind
from billing.domain.errors import BillingError, NoRight, PermanentError, RefusedAccess, TemporaryError
from billing.domain.money import Money
from billing.domain.policy import GalleryPolicy
from billing.domain.sessions import Gallery
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import Difference
from billing.ports.outside import RawRecord
from billing.ports.rows import GrantRow, InvoiceRow
from billing.services.access.galleries import is_forfeited
from billing.services.context import Context
from billing.services.intake.observe_sessions import shared_records
from billing.services.reconcile.found import GALLERIES, Found, Say, difference
from billing.services.reconcile.sessions import Billed, billed_again, billed_sessions

AT_A_TIME = 100
OPENED_WITHIN = timedelta(hours=1)  # what follows by itself has followed by then


@dataclass(frozen=True, slots=True)
class _Case:
    """One gallery of a billed session, as the books have it."""

    host: str
    gallery_id: str
    row: InvoiceRow  # the session's first live invoice
    holds: bool  # the policy, now
    grant: GrantRow | None
    is_under_way: bool  # it is being opened or closed
    held_since: datetime  # when what the policy asks for was last changed
    owed: Money  # of all live invoices of the session
    is_forfeited: bool  # the money for it went back


def compare_galleries(ctx: Context, found: Found, say: Say) -> None:
    """Each gallery of the sessions billed lately. Nothing is compared where galleries are opened by hand."""
    if ctx.policy.gallery_policy is GalleryPolicy.BY_HAND:
        return
    billed = billed_sessions(ctx, GALLERIES)
    shared = shared_records(ctx) if billed else []
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        for start in range(0, len(billed), AT_A_TIME):
            some = billed[start : start + AT_A_TIME]
            with ctx.ledger.read() as uow:
                cases = [case for one in some for case in _cases(ctx, uow, one, shared)]
            answers = list(pool.map(lambda case: _is_open(ctx, case), cases))
            with ctx.ledger.read() as uow:  # what changed in the books while it was asked is looked at next time
                now = [case for one in billed_again(uow, some) for case in _cases(ctx, uow, one, shared)]
            for case, is_open in zip(cases, answers, strict=True):
                found.compared += 1
                if case in now:
                    found.add(_compare(ctx, case, is_open))
            say(f"{min(start + AT_A_TIME, len(billed))} of {len(billed)} sessions' galleries compared")


def _cases(ctx: Context, uow: UnitOfWork, one: Billed, shared: Sequence[RawRecord]) -> list[_Case]:
    live = [row for row in one.invoices if not row.is_void]
    if not live:
        return []
    grants = [grant for row in one.invoices for grant in uow.grants.of_invoice(row.invoice.invoice_id)]
    owed = Money(sum(max(0, row.balance_minor) for row in live), live[0].invoice.currency)
    forfeited = any(is_forfeited(ctx, uow, row) for row in live)
    holds = ctx.policy.gallery_policy is GalleryPolicy.INVOICED or not owed
    paid = [payment for row in live for payment in uow.payments.of_invoice(row.invoice.invoice_id)]
    held_since = max([*(row.finalized_at for row in live), *(payment.captured_at for payment in paid)])
    opening = [(row.invoice.invoice_id, EffectKind.GRANT) for row in one.invoices]
    closing = [(grant.grant_id, EffectKind.REVOKE) for grant in grants]
    under_way = {
        effect.parameters.get("gallery_id")
        for subject_id, kind in (*opening, *closing)
        for effect in uow.effects.of_subject(subject_id, kind)
        if effect.state in OPEN_STATES
    }
    known = {grant.gallery_id: (grant.host, grant) for grant in grants}
    places: dict[str, tuple[str, GrantRow | None]] = dict(known)
    for gallery in _galleries(ctx, uow, one, shared):
        places.setdefault(gallery.gallery_id, (gallery.host, None))
    return [
        _Case(host, gallery_id, live[0], holds, grant, gallery_id in under_way, held_since, owed, forfeited)
        for gallery_id, (host, grant) in sorted(places.items())
    ]


def _galleries(ctx: Context, uow: UnitOfWork, one: Billed, shared: Sequence[RawRecord]) -> Sequence[Gallery]:
    """Those that the booking system knows; a session that cannot be read is shown by the billing already."""
    try:
        return ctx.source.read_session(uow.records.of_job(one.session.source, one.session.job_id), shared).galleries
    except PermanentError:
        return ()


def _is_open(ctx: Context, case: _Case) -> bool | BillingError | None:
    """None where nobody can tell."""
    host = ctx.galleries.get(case.host)
    try:
        return host.is_open(case.gallery_id) if host else None
    except (TemporaryError, RefusedAccess):
        raise
    except BillingError as error:
        return error


def _compare(ctx: Context, case: _Case, is_open: bool | BillingError | None) -> list[Difference]:
    number, gallery = case.row.invoice.number, f"gallery {case.gallery_id} at {case.host}"
    if case.is_under_way:
        return []
    if isinstance(is_open, NoRight):  # of one gallery or of all, it is one right that is missing
        sentence = f"Not every gallery at {case.host} can be looked at. {is_open.sentence}"
        return [difference(GALLERIES, case.host, "not_shown", sentence)]
    if isinstance(is_open, BillingError):
        sentence = f"Whether the {gallery} of {number} is open cannot be told: {is_open.sentence}"
        return [difference(GALLERIES, case.gallery_id, "gallery_unreadable", sentence)]
    if case.grant is not None and case.is_forfeited:
        return [_open_unpaid(case, f"The {gallery} is open for the client of {number}, though the money went back")]
    if case.grant is None and not case.holds and is_open:
        return [_open_unpaid(case, f"The {gallery} is open at its host, though {case.owed} of {number} is owed")]
    if case.grant is not None and is_open is False and not _has_expired(ctx, case.grant):
        sentence = (
            f"The {gallery} was opened for the client of {number} on {case.grant.granted_at:%Y-%m-%d} and is closed at"
            " its host; open it there, or tell the client why it is not."
        )
        return [difference(GALLERIES, case.gallery_id, "gallery_closed_there", sentence)]
    if case.grant is None and case.holds and not case.is_forfeited and case.held_since < ctx.now() - OPENED_WITHIN:
        sentence = (
            f"The {gallery} may be open for the client of {number}, and is not on record as opened, nor about to be;"
            " see needs-attention for why, or open it and run `billing gallery opened`."
        )
        return [difference(GALLERIES, case.gallery_id, "gallery_not_opened", sentence)]
    return []


def _open_unpaid(case: _Case, what: str) -> Difference:
    sentence = f"{what}, which the policy does not allow; close it there, or let the client pay first."
    return difference(GALLERIES, case.gallery_id, "gallery_open_against_policy", sentence, case.owed)


def _has_expired(ctx: Context, grant: GrantRow) -> bool:
    return grant.access.expires_on is not None and grant.access.expires_on < ctx.today()
