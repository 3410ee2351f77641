"""Opening a gallery for the client, and telling them how to see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from billing.domain import canonical
from billing.domain.effects import RESTORED, Effect, EffectKind, EffectState, Intent, Outcome
from billing.domain.errors import BillingError, NeedsAttention, TemporaryError
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.mail import MailKind
from billing.domain.sessions import Gallery
from billing.ports.ledger import GrantRow, InvoiceRow, UnitOfWork
from billing.ports.outside import GalleryAccess, RawRecord
from billing.services.access.galleries import awaiting_grant, is_forfeited, plan_revocations, take_up, why_not_open
from billing.services.context import Context
from billing.services.intake.observe_sessions import shared_records
from billing.services.invoicing.deliver_invoices import mail_intent


class _Grant:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        row = uow.invoices.get(effect.subject_id)
        return "the invoice is gone" if row is None else why_not_open(ctx, uow, row)

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        return self._opened(ctx, effect, date.fromisoformat(effect.text("expires_on")))

    def _opened(self, ctx: Context, effect: Effect, expires_on: date | None) -> Outcome:
        name = effect.text("host")
        host = ctx.galleries.get(name)
        if host is None:
            raise NeedsAttention("no_such_host", f"There is no way to open galleries at {name}; open it by hand.")
        access = host.open_gallery(effect.text("gallery_id"), expires_on)
        return Outcome(EffectState.DONE, "open", access.url, effect.text("gallery_id"), result=access)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        if isinstance(outcome.result, GalleryAccess):
            record_grant(ctx, uow, effect, outcome.result, PIPELINE)
            # The money may have gone back while it was being opened: then it closes again, and no mail tells of it.
            plan_revocations(ctx, uow, uow.invoices.require(effect.subject_id))

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        with ctx.ledger.read() as uow:
            reason = self.unwanted(ctx, uow, effect)
        if reason is None and effect.outcome_code == RESTORED and self._is_open(ctx, effect):
            return self._opened(ctx, effect, None)  # the backup knows nothing of it; its expiry stays as it is
        if reason is None:
            return self.act(ctx, effect)  # opening an open gallery changes nothing
        # Nobody can tell whether it is open, and opening it to find out is what must not be done any more.
        detail = f"{reason}, and the gallery may be open: close it there if it is"
        return Outcome(EffectState.UNKNOWN, "unwanted", detail)

    def _is_open(self, ctx: Context, effect: Effect) -> bool:
        host = ctx.galleries.get(effect.text("host"))
        return host is not None and host.is_open(effect.text("gallery_id")) is True


def plan_grants(ctx: Context) -> int:
    """Commit to opening the galleries whose policy holds now; returns how many."""
    with ctx.ledger.read() as uow:
        waiting = awaiting_grant(ctx, uow)
    shared = shared_records(ctx) if waiting else []
    planned = 0
    for row in waiting:
        with ctx.ledger.write() as uow:
            if is_forfeited(ctx, uow, uow.invoices.require(row.invoice.invoice_id)):
                continue
            closed = uow.grants.last_revoked(row.invoice.session_id) or ""
            for gallery in _galleries(ctx, uow, row, shared):
                planned += take_up(uow, _intent(ctx, row.invoice.invoice_id, gallery, closed), ctx.now())
    return planned


def _galleries(ctx: Context, uow: UnitOfWork, row: InvoiceRow, shared: Sequence[RawRecord]) -> tuple[Gallery, ...]:
    """One session whose records cannot be read must not keep the others' galleries closed."""
    session_id = row.invoice.session_id
    try:
        records = uow.records.of_job(ctx.source.name, row.invoice.session.job_id)
        galleries = ctx.source.read_session(records, shared).galleries
    except TemporaryError:
        raise  # the ledger itself
    except Exception as error:
        why = error.sentence if isinstance(error, BillingError) else f"{type(error).__name__}: {error}"
        sentence = f"The gallery of invoice {row.invoice.number} cannot be opened: {why}"
        uow.tasks.raise_task(session_id, "gallery_unreadable", sentence, ctx.now())
        return ()
    uow.tasks.resolve(session_id, "gallery_unreadable", PIPELINE, ctx.now())
    return galleries


def record_grant(ctx: Context, uow: UnitOfWork, effect: Effect, access: GalleryAccess, actor: str) -> None:
    """Keep what the client needs to see their photos, and commit to telling them."""
    now = ctx.now()
    row = uow.invoices.require(effect.subject_id)
    grant = GrantRow(
        grant_id=canonical.derived_id("grant", effect.key),
        invoice_id=row.invoice.invoice_id,
        host=effect.text("host"),
        gallery_id=effect.text("gallery_id"),
        gallery_name=effect.text("gallery_name"),
        access=access,
        granted_at=now,
    )
    uow.grants.add(grant, row.invoice.session_id)
    uow.journal.record_event(
        DomainEvent(f"granted:{grant.grant_id}", "gallery_granted", row.invoice.invoice_id, now, actor)
    )
    uow.effects.intend(mail_intent(row, MailKind.GALLERY, grant.grant_id), now)
    closed = uow.grants.last_revoked(row.invoice.session_id)
    if closed:
        uow.tasks.resolve(closed, "gallery_closed", PIPELINE, now)


def _intent(ctx: Context, invoice_id: str, gallery: Gallery, closed: str) -> Intent:
    """`closed` is the grant that was revoked last: a gallery that opens again is another grant."""
    parameters: dict[str, str | int | None] = {
        "host": gallery.host,
        "gallery_id": gallery.gallery_id,
        "gallery_name": gallery.name,
        "expires_on": (ctx.today() + timedelta(days=ctx.policy.gallery_days)).isoformat(),
    }
    return Intent(EffectKind.GRANT, f"{gallery.host}:{gallery.gallery_id}", invoice_id, parameters, occasion=closed)


GRANT = _Grant()
