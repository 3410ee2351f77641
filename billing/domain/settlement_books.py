"""What movements of the provider's balance post, and what a person decides about money that went back.

Accounts: `stripe_clearing` is the provider's balance to the cent; `disputed` holds what a bank took back until the
dispute ends; `stripe_other` is what moved there without our asking. A refund takes what the payment left over (the
client's credit) first, then opens the receivable again: paid = captured - refunded - lost disputes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing.domain.books import Entry, Posting
from billing.domain.money import Money
from billing.domain.settlements import Movement

CLEARING = "stripe_clearing"
BANK = "bank"
# Kinds of transactions about an invoice by which more or less was sold, and by which more or less is asked for.
ISSUED = ("invoice_issued", "invoice_credited", "credit_undone")
ASKED_FOR = (*ISSUED, "written_off")
_TAKEN_BACK = ("revenue", "tax_payable", "discounts")


def post_late_fee(payment_id: str, invoice_id: str, fee: Money, posted_on: date) -> Posting:
    """The provider told its fee after the payment was recorded without one."""
    return _posting(
        f"fee:{payment_id}", "fee_told", invoice_id, posted_on, [("fees", "stripe", fee), (CLEARING, "", -fee)]
    )


def post_refund(
    movement: Movement, invoice_id: str, client_id: str, from_credit: Money, posted_on: date, account: str = CLEARING
) -> Posting:
    """Money back to the client (`movement.amount` is negative), or returned by their bank (positive).

    `from_credit` is the part (positive) that was the client's credit rather than paid on the invoice; `account` is
    where the money comes from.
    """
    back = -movement.amount
    credit = from_credit if back.minor > 0 else -from_credit
    return _posting(
        f"moved:{movement.movement_id}",
        movement.kind.value,
        invoice_id,
        posted_on,
        [
            ("receivable", invoice_id, back - credit),
            ("client_credit", client_id, credit),
            ("fees", "stripe", movement.fee),
            (account, "", -(back + movement.fee)),
        ],
    )


def post_dispute(movement: Movement, invoice_id: str, dispute_id: str, posted_on: date) -> Posting:
    """The bank takes the amount (negative), or gives it back (positive), with what the provider asks for it."""
    return _posting(
        f"moved:{movement.movement_id}",
        movement.kind.value,
        invoice_id,
        posted_on,
        [
            ("disputed", dispute_id, -movement.amount),
            ("fees", "dispute", movement.fee),
            (CLEARING, "", movement.net),
        ],
    )


def post_dispute_lost(
    dispute_id: str, invoice_id: str, client_id: str, held: Money, from_credit: Money, posted_on: date
) -> Posting:
    """What was held is gone: the invoice is owed again, less what was the client's credit.

    With both amounts negative: it came back after the dispute had been lost.
    """
    is_lost = held.minor > 0
    return _posting(
        f"lost:{dispute_id}" if is_lost else f"lost_undone:{dispute_id}",
        "dispute_lost" if is_lost else "dispute_lost_undone",
        invoice_id,
        posted_on,
        [
            ("receivable", invoice_id, held - from_credit),
            ("client_credit", client_id, from_credit),
            ("disputed", dispute_id, -held),
        ],
    )


def post_payout(movement: Movement, payout_id: str, posted_on: date) -> Posting:
    """From the provider's balance to the studio's bank (negative), or back (positive) when the bank refused it."""
    return _posting(
        f"moved:{movement.movement_id}",
        movement.kind.value,
        payout_id,
        posted_on,
        [
            (BANK, payout_id, -movement.amount),
            ("fees", "payout", movement.fee),
            (CLEARING, "", movement.net),
        ],
    )


def post_other(movement: Movement, posted_on: date) -> Posting | None:
    """What moved on the balance without our asking: the provider's own charges, money of another shop.

    None for a movement of nothing, which a provider may list all the same.
    """
    if not movement.amount and not movement.fee:
        return None
    return _posting(
        f"moved:{movement.movement_id}",
        movement.kind.value,
        movement.source_id or movement.movement_id,
        posted_on,
        [
            ("stripe_other", movement.description or movement.kind.value, -movement.amount),
            ("fees", "stripe", movement.fee),
            (CLEARING, "", movement.net),
        ],
    )


def post_opening(provider: str, balance: Money, posted_on: date) -> Posting | None:
    """What lay on the provider's balance before our books began; None if nothing did."""
    if not balance:
        return None
    return _posting(
        f"opening:{provider}:{balance.currency}",
        "balance_opened",
        provider,
        posted_on,
        [(CLEARING, "", balance), ("opening_balance", provider, -balance)],
    )


def post_credit(issued: Sequence[Entry], invoice_id: str, amount: Money, credit_id: str, posted_on: date) -> Posting:
    """Ask for `amount` less: what was issued, taken back in proportion (largest remainder) against the receivable.

    ValueError for an amount that is not positive, or more than was issued.
    """
    parts = [entry for entry in issued if entry.account in _TAKEN_BACK]
    whole = -sum(entry.amount.minor for entry in parts)
    if not 0 < amount.minor <= whole:
        raise ValueError(f"{amount} cannot be credited on an invoice of {Money(whole, amount.currency)}")
    shares = _in_proportion(amount.minor, [-entry.amount.minor for entry in parts])
    taken = [
        (entry.account, entry.detail, Money(share, amount.currency)) for entry, share in zip(parts, shares, strict=True)
    ]
    return _posting(
        f"credited:{credit_id}",
        "invoice_credited",
        invoice_id,
        posted_on,
        [*taken, ("receivable", invoice_id, -amount)],
    )


def creditable(issued: Sequence[Entry]) -> int:
    """What is left, in minor units, of what was issued: no more than that can be credited."""
    return -sum(entry.amount.minor for entry in issued if entry.account in _TAKEN_BACK)


def post_credit_undone(credited: Sequence[Entry], invoice_id: str, credit_id: str, posted_on: date) -> Posting:
    """The refund for which less was asked did not reach the client: what was asked for is asked for again."""
    sides = [(entry.account, entry.detail, -entry.amount) for entry in credited]
    return _posting(f"uncredited:{credit_id}", "credit_undone", invoice_id, posted_on, sides)


def post_write_off(invoice_id: str, amount: Money, write_off_id: str, posted_on: date) -> Posting:
    """The studio gives up what it is owed: a loss, and no change of what was sold."""
    return _posting(
        f"written_off:{write_off_id}",
        "written_off",
        invoice_id,
        posted_on,
        [("bad_debt", invoice_id, amount), ("receivable", invoice_id, -amount)],
    )


def _in_proportion(amount: int, weights: list[int]) -> list[int]:
    """`amount` split by weights that add up to at least it, to the last unit; a negative weight (a discount) takes."""
    whole = sum(weights)
    floors = [amount * weight // whole for weight in weights]
    rests = sorted(range(len(weights)), key=lambda n: (-(amount * weights[n] % whole), n))
    for n in rests[: amount - sum(floors)]:
        floors[n] += 1
    return floors


def _posting(
    transaction_id: str, kind: str, subject_id: str, posted_on: date, sides: list[tuple[str, str, Money]]
) -> Posting:
    entries = tuple(Entry(account, detail, amount) for account, detail, amount in sides if amount)
    return Posting(transaction_id, kind, subject_id, posted_on, entries)
