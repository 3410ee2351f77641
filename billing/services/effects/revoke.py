"""Closing a gallery again, because the money for it went back; and telling the office that it is closed."""

from __future__ import annotations

from billing.domain.effects import Effect, EffectState, Outcome
from billing.domain.errors import NeedsAttention
from billing.domain.events import PIPELINE, DomainEvent
from billing.ports.ledger import Books
from billing.services.access.galleries import is_forfeited, plan_revocations
from billing.services.context import House


class _Revoke:
    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        if not books.grants.is_open(effect.subject_id):
            return "the gallery is not open any more"
        row = books.invoices.require(effect.text("invoice_id"))
        return None if is_forfeited(house, books, row) else f"invoice {row.invoice.number} is paid again"

    def act(self, house: House, effect: Effect) -> Outcome:
        name, gallery_id = effect.text("host"), effect.text("gallery_id")
        host = house.galleries.get(name)
        if host is None:
            raise NeedsAttention("no_such_host", f"There is no way to close galleries at {name}; close it by hand.")
        host.close_gallery(gallery_id)
        return Outcome(EffectState.DONE, "closed", effect.text("gallery_name"), gallery_id)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            record_revocation(house, books, effect, PIPELINE)
        elif outcome.state is EffectState.CANCELLED:  # the money may have gone back again since we looked
            plan_revocations(house, books, books.invoices.require(effect.text("invoice_id")))

    def ask(self, house: House, effect: Effect) -> Outcome:
        with house.ledger.read() as books:
            reason = self.unwanted(house, books, effect)
        if reason is None:
            return self.act(house, effect)  # closing a closed gallery changes nothing
        # Nobody can tell whether it is closed, and closing it to find out is what must not be done any more.
        return Outcome(EffectState.UNKNOWN, "unwanted", f"{reason}, and the gallery may be closed: open it there if so")


def record_revocation(house: House, books: Books, effect: Effect, actor: str) -> None:
    """The grant is over; grants and revocations alternate, because a new grant has a new id."""
    now, grant_id = house.now(), effect.subject_id
    if not books.grants.revoke(grant_id, now):
        return
    row = books.invoices.require(effect.text("invoice_id"))
    invoice = row.invoice
    books.journal.tell(DomainEvent(f"revoked:{grant_id}", "gallery_revoked", invoice.invoice_id, now, actor))
    sentence = (
        f"The gallery {effect.text('gallery_name')} of {invoice.client.name} was closed, because the money of invoice"
        f" {invoice.number} went back. The client was not told; it opens again by itself when the invoice is paid."
    )
    books.desk.raise_attention(grant_id, "gallery_closed", sentence, now)


REVOKE = _Revoke()
