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
from billing.ports.ledger import Books, GrantRow, InvoiceRow
from billing.ports.outside import GalleryAccess, RawRecord
from billing.services.access.galleries import awaiting_grant, is_forfeited, plan_revocations, take_up, why_not_open
from billing.services.context import House
from billing.services.intake.observe_sessions import shared_records
from billing.services.invoicing.deliver_invoices import mail_intent


class _Grant:
    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        row = books.invoices.get(effect.subject_id)
        return "the invoice is gone" if row is None else why_not_open(house, books, row)

    def act(self, house: House, effect: Effect) -> Outcome:
        return self._opened(house, effect, date.fromisoformat(effect.text("expires_on")))

    def _opened(self, house: House, effect: Effect, expires_on: date | None) -> Outcome:
        name = effect.text("host")
        host = house.galleries.get(name)
        if host is None:
            raise NeedsAttention("no_such_host", f"There is no way to open galleries at {name}; open it by hand.")
        access = host.open_gallery(effect.text("gallery_id"), expires_on)
        return Outcome(EffectState.DONE, "open", access.url, effect.text("gallery_id"), result=access)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        if isinstance(outcome.result, GalleryAccess):
            record_grant(house, books, effect, outcome.result, PIPELINE)
            # The money may have gone back while it was being opened: then it closes again, and no mail tells of it.
            plan_revocations(house, books, books.invoices.require(effect.subject_id))

    def ask(self, house: House, effect: Effect) -> Outcome:
        with house.ledger.read() as books:
            reason = self.unwanted(house, books, effect)
        if reason is None and effect.outcome_code == RESTORED and self._is_open(house, effect):
            return self._opened(house, effect, None)  # the backup knows nothing of it; its expiry stays as it is
        if reason is None:
            return self.act(house, effect)  # opening an open gallery changes nothing
        # Nobody can tell whether it is open, and opening it to find out is what must not be done any more.
        detail = f"{reason}, and the gallery may be open: close it there if it is"
        return Outcome(EffectState.UNKNOWN, "unwanted", detail)

    def _is_open(self, house: House, effect: Effect) -> bool:
        host = house.galleries.get(effect.text("host"))
        return host is not None and host.is_open(effect.text("gallery_id")) is True


def plan_grants(house: House) -> int:
    """Commit to opening the galleries whose policy holds now; returns how many."""
    with house.ledger.read() as books:
        waiting = awaiting_grant(house, books)
    shared = shared_records(house) if waiting else []
    planned = 0
    for row in waiting:
        with house.ledger.write() as books:
            if is_forfeited(house, books, books.invoices.require(row.invoice.invoice_id)):
                continue
            closed = books.grants.last_revoked(row.invoice.session_id) or ""
            for gallery in _galleries(house, books, row, shared):
                planned += take_up(books, _intent(house, row.invoice.invoice_id, gallery, closed), house.now())
    return planned


def _galleries(house: House, books: Books, row: InvoiceRow, shared: Sequence[RawRecord]) -> tuple[Gallery, ...]:
    """One session whose records cannot be read must not keep the others' galleries closed."""
    session_id = row.invoice.session_id
    try:
        records = books.records.of_job(house.source.name, row.invoice.session.job_id)
        galleries = house.source.read_session(records, shared).galleries
    except TemporaryError:
        raise  # the ledger itself
    except Exception as error:
        why = error.sentence if isinstance(error, BillingError) else f"{type(error).__name__}: {error}"
        sentence = f"The gallery of invoice {row.invoice.number} cannot be opened: {why}"
        books.desk.raise_attention(session_id, "gallery_unreadable", sentence, house.now())
        return ()
    books.desk.resolve_attention(session_id, "gallery_unreadable", PIPELINE, house.now())
    return galleries


def record_grant(house: House, books: Books, effect: Effect, access: GalleryAccess, actor: str) -> None:
    """Keep what the client needs to see their photos, and commit to telling them."""
    now = house.now()
    row = books.invoices.require(effect.subject_id)
    grant = GrantRow(
        grant_id=canonical.derived_id("grant", effect.key),
        invoice_id=row.invoice.invoice_id,
        host=effect.text("host"),
        gallery_id=effect.text("gallery_id"),
        gallery_name=effect.text("gallery_name"),
        access=access,
        granted_at=now,
    )
    books.grants.add(grant, row.invoice.session_id)
    books.journal.tell(DomainEvent(f"granted:{grant.grant_id}", "gallery_granted", row.invoice.invoice_id, now, actor))
    books.effects.intend(mail_intent(row, MailKind.GALLERY, grant.grant_id), now)
    closed = books.grants.last_revoked(row.invoice.session_id)
    if closed:
        books.desk.resolve_attention(closed, "gallery_closed", PIPELINE, now)


def _intent(house: House, invoice_id: str, gallery: Gallery, closed: str) -> Intent:
    """`closed` is the grant that was revoked last: a gallery that opens again is another grant."""
    parameters: dict[str, str | int | None] = {
        "host": gallery.host,
        "gallery_id": gallery.remote_id if gallery.host == "pixieset" and gallery.remote_id else gallery.gallery_id,
        "gallery_name": gallery.name,
        "expires_on": (house.today() + timedelta(days=house.policy.gallery_days)).isoformat(),
    }
    return Intent(EffectKind.GRANT, f"{gallery.host}:{gallery.gallery_id}", invoice_id, parameters, occasion=closed)


GRANT = _Grant()
