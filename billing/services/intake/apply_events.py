"""What the payment provider hints at: kept once in the inbox, then applied by reading the object again."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.errors import BillingError, PermanentError, TemporaryError
from billing.domain.events import PIPELINE
from billing.domain.payments import ProviderEvent
from billing.domain.settlements import PaymentStory, PayoutFact
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.settlements.money_back import record_story
from billing.services.settlements.settle_payouts import apply_payout, read_payout

PAGE = 500
EVENT_WAITS = "event_waits"
WAITS_AT_MOST = timedelta(days=1)  # then it is under "needs attention", whatever the reason
# The key is wrong or may not read: mended by the studio, upon which the event is applied.
_MENDED_BY_THE_STUDIO = ("stripe_unauthorized",)
# All that may be told of a payment. Whichever of them comes, the whole story of the payment is read and told.
_OF_A_PAYMENT = ("payment_intent.", "checkout.session.", "charge.", "refund.")
_MONEY_BACK = ("charge.refunded", "refund.", "charge.dispute.")
_OF_A_PAYOUT, _PAYOUT_ID = "payout.", "po_"

Found = PaymentStory | PayoutFact | BillingError | None


@dataclass(frozen=True, slots=True)
class Polled:
    """Events newly kept in this poll."""

    events_new: int


def poll_events(ctx: Context) -> Polled:
    """Keep every event after the cursor. The cursor and the events it stands for are committed together."""
    name = f"{ctx.gateway.name}:events"
    kept = 0
    while True:
        with ctx.ledger.read() as uow:
            after = uow.records.cursor(name)
        events = ctx.gateway.new_events(after, PAGE)
        if not events:
            return Polled(kept)
        with ctx.ledger.write() as uow:
            kept += sum(_keep(ctx, uow, event) for event in events)
            uow.records.move_cursor(name, events[-1].event_id, ctx.now())
        if len(events) < PAGE:
            return Polled(kept)


def _keep(ctx: Context, uow: UnitOfWork, event: ProviderEvent) -> bool:
    is_new = uow.payments.keep_event(ctx.gateway.name, event, ctx.now())
    if is_new and event.problem:
        _end(ctx, uow, event, "review", event.problem)
    return is_new


def apply_events(ctx: Context) -> Counter[str]:
    """Settle every waiting event: applied, ignored with a reason, or in review. Counts by how they ended.

    An event whose object cannot be read now stays waiting for the next round. Payments are told in the order in which
    the money came, whatever the order of their events.
    """
    ended: Counter[str] = Counter()
    with ctx.ledger.read() as uow:
        waiting = uow.payments.waiting_events(ctx.gateway.name, PAGE)
    subjects = list(dict.fromkeys(subject for event in waiting if (subject := _subject_of(event))))
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        read = dict(zip(subjects, pool.map(lambda subject: _read(ctx, subject), subjects), strict=True))
    found = [(event, read.get(_subject_of(event) or "")) for event in waiting]
    for event, story in sorted(found, key=_moment):
        ended[_settle(ctx, event, story)] += 1
    return ended


def _subject_of(event: ProviderEvent) -> str | None:
    """What is read again: the payment or the payout that it is about, if any."""
    if event.kind.startswith(_OF_A_PAYOUT):
        return event.object_id
    return event.payment_id if event.kind.startswith(_OF_A_PAYMENT) else None


def _moment(item: tuple[ProviderEvent, Found]) -> str:
    event, story = item
    captured_at = story.payment.captured_at if isinstance(story, PaymentStory) else None
    return (captured_at or event.occurred_at).isoformat()


def _settle(ctx: Context, event: ProviderEvent, found: Found) -> str:
    """One event in one transaction. One that breaks what nobody foresaw is shown to a person; the others go on."""
    try:
        with ctx.ledger.write() as uow:
            waits_since = uow.payments.waiting_since(ctx.gateway.name, event.event_id)
            if waits_since is None:
                return "settled before"  # by another worker, who perhaps has read more than we have
            state, reason = _apply(ctx, uow, event, found)
            if state == "waiting":
                _show_waiting(ctx, uow, event, waits_since, found, reason)
            else:
                uow.tasks.resolve(event.event_id, EVENT_WAITS, PIPELINE, ctx.now())
                _end(ctx, uow, event, state, reason)
            return state
    except TemporaryError:
        raise
    except Exception as error:
        reason = f"{event.kind} of {event.object_id} could not be applied ({type(error).__name__}: {error})."
        with ctx.ledger.write() as uow:
            if uow.payments.waiting_since(ctx.gateway.name, event.event_id):
                _end(ctx, uow, event, "review", reason)
        return "review"


def _show_waiting(
    ctx: Context, uow: UnitOfWork, event: ProviderEvent, waits_since: datetime, found: Found, reason: str | None
) -> None:
    """What the studio must mend is shown at once; what ought to end by itself, and has not in a day, then."""
    why = found.sentence if isinstance(found, BillingError) else str(reason)
    if isinstance(found, PermanentError):
        uow.tasks.raise_task(event.event_id, EVENT_WAITS, why, ctx.now())
    elif ctx.now() - waits_since >= WAITS_AT_MOST:
        sentence = (
            f"{event.kind} of {event.object_id} has waited since {ctx.policy.day_of(waits_since)} to be booked, and"
            f" goes on waiting: {why} Look at it in Stripe's dashboard."
        )
        uow.tasks.raise_task(event.event_id, EVENT_WAITS, sentence, ctx.now())


def _end(ctx: Context, uow: UnitOfWork, event: ProviderEvent, state: str, reason: str | None) -> None:
    uow.payments.settle_event(ctx.gateway.name, event.event_id, state, reason, ctx.now())
    if state == "review":
        sentence = f"{reason} Look at it in Stripe's dashboard and in the books."
        uow.tasks.raise_task(event.object_id, "provider_event", sentence, ctx.now())


def _read(ctx: Context, subject: str) -> Found:
    try:
        return read_payout(ctx, subject) if subject.startswith(_PAYOUT_ID) else ctx.gateway.read_story(subject)
    except BillingError as error:
        return error
    except Exception as error:
        return PermanentError("unexpected", f"{subject} could not be read ({type(error).__name__}: {error}).")


def _apply(ctx: Context, uow: UnitOfWork, event: ProviderEvent, found: Found) -> tuple[str, str | None]:
    if isinstance(found, PermanentError) and found.code in _MENDED_BY_THE_STUDIO:
        return "waiting", None
    if isinstance(found, TemporaryError):
        return "waiting", None
    if isinstance(found, BillingError):  # asking again changes nothing: refused, or nobody can read the answer
        return "review", found.sentence
    if isinstance(found, PayoutFact):
        return "applied", None if apply_payout(ctx, uow, found) else "recorded before"
    if found is not None:
        return record_story(ctx, uow, found)
    if event.kind.startswith(_MONEY_BACK):
        return "ignored", "of a charge without a payment intent, which is not of our asking"
    return "ignored", "nothing to do for this kind of event"
