"""Closing a gallery again, because the money for it went back; and telling the office that it is closed."""

from __future__ import annotations

from billing.domain.effects import Effect, EffectState, Outcome
from billing.domain.errors import NeedsAttention
from billing.domain.events import PIPELINE, DomainEvent
from billing.ports.ledger import UnitOfWork
from billing.services.access.galleries import is_forfeited, plan_revocations
from billing.services.context import Context


class _Revoke:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        if not uow.grants.is_open(effect.subject_id):
            return "the gallery is not open any more"
        row = uow.invoices.require(effect.text("invoice_id"))
        return None if is_forfeited(ctx, uow, row) else f"invoice {row.invoice.number} is paid again"

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        name, gallery_id = effect.text("host"), effect.text("gallery_id")
        host = ctx.galleries.get(name)
        if host is None:
            raise NeedsAttention("no_such_host", f"There is no way to close galleries at {name}; close it by hand.")
        host.close_gallery(gallery_id)
        return Outcome(EffectState.DONE, "closed", effect.text("gallery_name"), gallery_id)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            record_revocation(ctx, uow, effect, PIPELINE)
        elif outcome.state is EffectState.CANCELLED:  # the money may have gone back again since we looked
            plan_revocations(ctx, uow, uow.invoices.require(effect.text("invoice_id")))

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        with ctx.ledger.read() as uow:
            reason = self.unwanted(ctx, uow, effect)
        if reason is None:
            return self.act(ctx, effect)  # closing a closed gallery changes nothing
        # Nobody can tell whether it is closed, and closing it to find out is what must not be done any more.
        return Outcome(EffectState.UNKNOWN, "unwanted", f"{reason}, and the gallery may be closed: open it there if so")


def record_revocation(ctx: Context, uow: UnitOfWork, effect: Effect, actor: str) -> None:
    """The grant is over; grants and revocations alternate, because a new grant has a new id."""
    now, grant_id = ctx.now(), effect.subject_id
    if not uow.grants.revoke(grant_id, now):
        return
    row = uow.invoices.require(effect.text("invoice_id"))
    invoice = row.invoice
    uow.journal.record_event(DomainEvent(f"revoked:{grant_id}", "gallery_revoked", invoice.invoice_id, now, actor))
    sentence = (
        f"The gallery {effect.text('gallery_name')} of {invoice.client.name} was closed, because the money of invoice"
        f" {invoice.number} went back. The client was not told; it opens again by itself when the invoice is paid."
    )
    uow.tasks.raise_task(grant_id, "gallery_closed", sentence, now)


REVOKE = _Revoke()
