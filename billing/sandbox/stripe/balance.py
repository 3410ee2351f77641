"""/v1/balance and /v1/balance_transactions: every movement of the account's money, gross - fee = net."""

from __future__ import annotations

from collections import Counter

from billing.sandbox.store import Body
from billing.sandbox.stripe import lists
from billing.sandbox.stripe.world import World

_DAY = 86_400
_SETTLES_AFTER = 2 * _DAY


def book(
    world: World,
    type_: str,
    source: str,
    amount: int,
    currency: str,
    *,
    fee: int = 0,
    fee_name: str = "Stripe processing fees",
    category: str | None = None,
    description: str | None = None,
    at_once: bool = False,
) -> Body:
    """Move money: `amount` in minor units, negative out of the account; `fee` is what Stripe keeps on top."""
    named = {"amount": fee, "application": None, "currency": currency, "description": fee_name, "type": "stripe_fee"}
    transaction: Body = {
        "id": world.new_id("balance_transaction"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": world.now if at_once else world.now + _SETTLES_AFTER,
        "balance_type": "payments",
        "created": world.now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [named] if fee else [],
        "net": amount - fee,
        "reporting_category": category or type_,
        "source": source,
        "status": "available" if at_once else "pending",
        "type": type_,
        "_payout": None,
    }
    return world.save("balance_transaction", transaction, "unpaid")


def unpaid(world: World, *, also_pending: bool) -> list[Body]:
    """What no payout has taken yet, oldest first."""
    waiting = [_settled(world, txn) for txn in world.store.newest("stripe.balance_transaction", "unpaid")]
    mine = [txn for txn in reversed(waiting) if txn["_livemode"] == world.livemode]
    return [txn for txn in mine if also_pending or txn["status"] == "available"]


def retrieve(world: World, _: Body, id_: str) -> Body:
    return _settled(world, world.find("balance_transaction", id_))


def list_(world: World, params: Body) -> Body:
    def keep(txn: Body) -> bool:
        wanted = ("currency", "source", "type")
        return all(params.get(name) in (None, txn[name]) for name in wanted)

    if "payout" in params:
        world.find("payout", params["payout"], "payout")
    listed = lists.page(
        *(world, "balance_transaction", params, "/v1/balance_transactions"), parent=params.get("payout"), keep=keep
    )
    return {**listed, "data": [_settled(world, txn) for txn in listed["data"]]}


def balance(world: World, _: Body) -> Body:
    open_ = unpaid(world, also_pending=True)
    return {
        "object": "balance",
        "available": _sums([txn for txn in open_ if txn["status"] == "available"]),
        "livemode": world.livemode,
        "pending": _sums([txn for txn in open_ if txn["status"] == "pending"]),
    }


def _sums(transactions: list[Body]) -> list[Body]:
    sums: Counter[str] = Counter()
    for txn in transactions:
        sums[txn["currency"]] += txn["net"]
    rows = sorted(sums.items()) or [("usd", 0)]
    return [{"amount": net, "currency": code, "source_types": {"card": net}} for code, net in rows]


def _settled(world: World, txn: Body) -> Body:
    """Time alone turns pending into available."""
    return {**txn, "status": "available"} if world.now >= txn["available_on"] else txn
