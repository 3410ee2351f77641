"""The books against the payment provider, to the cent: movements, stories, payouts, and the balance of all."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.domain.errors import BillingError, UnreadableError
from billing.domain.money import Money
from billing.domain.settlement_books import CLEARING
from billing.domain.settlements import Movement, MovementKind, PaymentStory
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import Difference
from billing.services.collections.record_payments import our_id
from billing.services.context import Context
from billing.services.reconcile.found import STRIPE, Found, Say, difference
from billing.services.reconcile.left_open import compare_left_open
from billing.services.reconcile.movements import settle_movements, settled_chunks, settled_from
from billing.services.reconcile.opening import open_books
from billing.services.reconcile.payouts import compare_payouts
from billing.services.reconcile.posted import compare_chunk, compare_listed, tell_left
from billing.services.reconcile.sessions import LOOKED_BACK, billed_sessions
from billing.services.reconcile.stories import book_story, compare_story, is_ours, read_stories

TRIES = 3
READ_WHOLE_FOR = timedelta(days=2)  # payments so young are read with all that became of them, whatever moved


def compare_stripe(ctx: Context, found: Found, say: Say) -> None:
    """Everything of the last LOOKED_BACK, what is open longer, and the whole balance."""
    begin_at = open_books(ctx)
    if begin_at is None:
        return
    say("reading the movements of the Stripe balance")
    started_at = ctx.now()
    with ctx.ledger.read() as uow:
        since = settled_from(ctx, begin_at, min([ctx.now() - LOOKED_BACK, *_open_since(uow)]))
    listed, paid, left = set[str](), set[str](), list[Movement]()
    for chunk in settled_chunks(ctx, since):
        compare_chunk(ctx, found, chunk)
        left += chunk.left
        listed |= {movement.movement_id for movement in chunk.movements}
        paid |= {m.payment_id for m in chunk.movements if m.payment_id and m.kind is MovementKind.PAYMENT}
        say(f"{len(listed)} movements of the Stripe balance compared")
    compare_listed(ctx, found, listed, since, started_at)
    left_ids = {movement.payment_id for movement in left if movement.payment_id}
    _compare_stories(ctx, found, say, _to_read_whole(ctx, since, paid) | left_ids)
    tell_left(ctx, found, left)
    say("comparing payouts, pay links, charges and refunds")
    compare_payouts(ctx, found, since)
    compare_left_open(ctx, found, billed_sessions(ctx, STRIPE))
    _compare_balance(ctx, found)


def _open_since(uow: UnitOfWork) -> list[datetime]:
    """How far back a reading must go to see again what differs: what is not looked at cannot be called mended."""
    found = []
    for one in uow.operations.open_differences(STRIPE):
        payment = uow.payments.get(one.subject_id)
        found += [payment.captured_at] if payment else []
        found += [row.movement.occurred_at for row in uow.settlements.movements_of(one.subject_id)]
        alone = uow.settlements.movement(one.subject_id)
        found += [alone.movement.occurred_at] if alone else []
    return found


def _to_read_whole(ctx: Context, since: datetime, paid: set[str]) -> set[str]:
    """Payments that the movements alone do not settle: without one, quite new, disputed, with a refund under way."""
    provider, young = ctx.gateway.name, ctx.now() - READ_WHOLE_FOR
    with ctx.ledger.read() as uow:
        recorded = uow.payments.recorded_since(provider, since)
        wanted = {p.provider_object_id for p in recorded if p.provider_object_id not in paid or p.captured_at >= young}
        wanted |= {dispute.payment_id for dispute in uow.settlements.open_disputes()}
        wanted |= {refund.payment_id for refund in uow.settlements.open_refunds()}
        for one in uow.operations.open_differences(STRIPE):
            payment = uow.payments.get(one.subject_id)
            wanted |= {payment.provider_object_id} if payment else set()
    return wanted


def _compare_stories(ctx: Context, found: Found, say: Say, payment_ids: set[str]) -> None:
    """Each is told to the books first: a difference is what is left after that."""
    for done, (payment_id, story) in enumerate(read_stories(ctx, payment_ids), start=1):
        if isinstance(story, BillingError):
            found.add([_without_story(ctx, payment_id, story)])
        else:
            differing = _tell_and_compare(ctx, found, story)
            again = next(read_stories(ctx, [payment_id]))[1] if differing else story
            if again is not story and not isinstance(again, BillingError):  # another worker had heard more
                differing = _tell_and_compare(ctx, found, again)
            found.add(differing)
        found.compared += 1
        say(f"{done} of {len(payment_ids)} payments read whole")


def _without_story(ctx: Context, payment_id: str, why: BillingError) -> Difference:
    with ctx.ledger.read() as uow:
        row = uow.payments.get(our_id(ctx.gateway.name, payment_id))
    subject, amount = (row.payment_id, row.amount) if row else (payment_id, None)
    if isinstance(why, UnreadableError):
        sentence = f"What became of {payment_id} cannot be read: {why.sentence}"
        return difference(STRIPE, subject, "payment_unreadable", sentence, amount)
    sentence = f"{payment_id} is in the books, and Stripe does not show it: {why.sentence}"
    return difference(STRIPE, subject, "payment_missing_there", sentence, amount)


def _tell_and_compare(ctx: Context, found: Found, story: PaymentStory) -> list[Difference]:
    with ctx.ledger.write() as uow:
        if is_ours(uow, story):
            found.mended += book_story(ctx, uow, story)
        return compare_story(uow, story)


def _compare_balance(ctx: Context, found: Found) -> None:
    """The provider's balance less `stripe_clearing`, less what the other differences explain, is nothing.

    What arrives while it is read makes it read again.
    """
    for turn in range(1, TRIES + 1):
        before = ctx.gateway.balance()
        settled = settle_movements(ctx)
        balance = {amount.currency: amount.minor for amount in ctx.gateway.balance()}
        with ctx.ledger.read() as uow:
            booked = uow.journal.balances(CLEARING)
        off = {
            currency: balance.get(currency, 0) - booked.get(currency, 0) - found.explained[currency]
            for currency in sorted(balance.keys() | booked.keys())
        }
        is_still = balance == {amount.currency: amount.minor for amount in before} and not settled.posted
        if turn == TRIES or (is_still and not any(off.values())):
            break
    for currency, minor in off.items():
        found.compared += 1
        if minor:
            at_stripe, here = Money(balance.get(currency, 0), currency), Money(booked.get(currency, 0), currency)
            sentence = (
                f"Stripe's balance is {at_stripe}, the books have {here}, and {Money(minor, currency)} of that no other"
                " difference explains; compare Stripe's balance report with the account stripe_clearing."
            )
            found.add([difference(STRIPE, f"balance:{currency}", "balance_differs", sentence, here, at_stripe)])
