"""What the payment provider hints at: kept once in the inbox, then applied by reading the object again."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from billing.domain import canonical
from billing.domain.errors import BillingError, PermanentError, TemporaryError
from billing.domain.events import PIPELINE
from billing.domain.payments import PaymentFact, PaymentStatus, ProviderEvent
from billing.ports.ledger import Books
from billing.services.house import House
from billing.services.record_payments import record_captured

PAGE = 500
# The key is wrong or may not read: mended by the studio, upon which the event is applied.
_MENDED_BY_THE_STUDIO = ("stripe_unauthorized",)
_OF_A_PAYMENT = ("payment_intent.", "checkout.session.")
# Money that goes back is shown to a person until the ledger posts it by itself; so is a payout that failed.
_MONEY_BACK = ("charge.refunded", "refund.", "charge.dispute.")
_FOR_A_PERSON = ("payout.failed",)


@dataclass(frozen=True, slots=True)
class Polled:
    """Events newly kept in this poll."""

    events_new: int


def poll_events(house: House) -> Polled:
    """Keep every event after the cursor. The cursor and the events it stands for are committed together."""
    name = f"{house.gateway.name}:events"
    kept = 0
    while True:
        with house.ledger.read() as books:
            after = books.records.cursor(name)
        events = house.gateway.new_events(after, PAGE)
        if not events:
            return Polled(kept)
        with house.ledger.write() as books:
            kept += sum(books.payments.keep_event(house.gateway.name, event, house.now()) for event in events)
            books.records.move_cursor(name, events[-1].event_id, house.now())
        if len(events) < PAGE:
            return Polled(kept)


def apply_events(house: House) -> Counter[str]:
    """Settle every waiting event: applied, ignored with a reason, or in review. Counts by how they ended.

    An event whose object cannot be read now stays waiting for the next round.
    """
    ended: Counter[str] = Counter()
    provider = house.gateway.name
    with house.ledger.read() as books:
        waiting = books.payments.waiting_events(provider, PAGE)
    with ThreadPoolExecutor(house.concurrency) as pool:
        read = list(pool.map(lambda event: _read(house, event), waiting))
    for event, found in zip(waiting, read, strict=True):
        ended[_settle(house, event, found)] += 1
    return ended


def _settle(house: House, event: ProviderEvent, found: PaymentFact | BillingError | None) -> str:
    """One event in one transaction. One that breaks what nobody foresaw is shown to a person; the others go on."""
    try:
        with house.ledger.write() as books:
            state, reason = _apply(house, books, event, found)
            if state != "waiting":
                books.desk.resolve_attention(event.event_id, "event_waits", PIPELINE, house.now())
                _end(house, books, event, state, reason)
            return state
    except TemporaryError:
        raise
    except Exception as error:
        reason = f"{event.kind} of {event.object_id} could not be applied ({type(error).__name__}: {error})."
        with house.ledger.write() as books:
            _end(house, books, event, "review", reason)
        return "review"


def _end(house: House, books: Books, event: ProviderEvent, state: str, reason: str | None) -> None:
    books.payments.settle_event(house.gateway.name, event.event_id, state, reason, house.now())
    if state == "review":
        sentence = f"{reason} Look at it in Stripe's dashboard and in the books."
        books.desk.raise_attention(event.object_id, "provider_event", sentence, house.now())


def _read(house: House, event: ProviderEvent) -> PaymentFact | BillingError | None:
    if event.payment_id is None or not event.kind.startswith((*_OF_A_PAYMENT, *_MONEY_BACK)):
        return None
    try:
        return house.gateway.read_payment(event.payment_id)
    except BillingError as error:
        return error
    except Exception as error:
        return PermanentError("unexpected", f"{event.payment_id} could not be read ({type(error).__name__}: {error}).")


def _apply(
    house: House, books: Books, event: ProviderEvent, found: PaymentFact | BillingError | None
) -> tuple[str, str | None]:
    if isinstance(found, PermanentError):
        if found.code in _MENDED_BY_THE_STUDIO:
            books.desk.raise_attention(event.event_id, "event_waits", found.sentence, house.now())
            return "waiting", None
        return "review", found.sentence
    if isinstance(found, BillingError):
        return "waiting", None
    if found is None:
        return _without_payment(event)
    if found.invoice_id is None and not _is_recorded(books, found):
        return "ignored", "of a payment that is not of our asking"
    if event.kind.startswith(_MONEY_BACK):
        return "review", f"Stripe reports {event.kind} for {event.object_id}, of payment {found.payment_id}."
    if found.invoice_id is None:
        return "applied", "recorded before"
    if found.status is not PaymentStatus.SUCCEEDED:
        return "ignored", f"no money yet: {found.status.value}"
    by_autopay = any(
        effect.provider_reference == found.payment_id for effect in books.effects.of_subject(found.invoice_id)
    )
    if record_captured(books, found, "autopay" if by_autopay else "link", house.policy, house.now()):
        return "applied", None
    if books.invoices.get(found.invoice_id) is None:
        return "review", f"{found.payment_id} is for an invoice that is not in the ledger."
    return "applied", "recorded before"


def _is_recorded(books: Books, found: PaymentFact) -> bool:
    return books.payments.get(canonical.derived_id("pay", found.provider, found.payment_id)) is not None


def _without_payment(event: ProviderEvent) -> tuple[str, str | None]:
    if event.kind.startswith(_MONEY_BACK):
        return "ignored", "of a charge without a payment intent, which is not of our asking"
    if event.kind.startswith(_FOR_A_PERSON):
        return "review", f"Stripe reports {event.kind} for {event.object_id}."
    return "ignored", "nothing to do for this kind of event"
