"""/v1/payouts: what Stripe sends to the studio's bank."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import balance, lists
from billing.sandbox.stripe.errors import invalid
from billing.sandbox.stripe.world import World, letters

_DAY = 86_400


def pay_out(world: World, *, currency: str | None = None, also_pending: bool = False) -> list[Body]:
    """One automatic payout for each currency in which more came in than went out."""
    waiting = balance.unpaid(world, also_pending=also_pending)
    codes = sorted({txn["currency"] for txn in waiting if currency in (None, txn["currency"])})
    made = [_pay(world, code, [txn for txn in waiting if txn["currency"] == code]) for code in codes]
    payouts = [payout for payout in made if payout]
    if not payouts:
        raise invalid("There is nothing to pay out: no available balance transactions with a positive sum.")
    return payouts


def retrieve(world: World, _: Body, id_: str) -> Body:
    return world.find("payout", id_)


def list_(world: World, params: Body) -> Body:
    status, arrival = params.get("status"), params.get("arrival_date")
    if arrival is not None:
        raise invalid("This sandbox lists payouts by created, not by arrival_date.", "arrival_date")
    return lists.page(world, "payout", params, "/v1/payouts", keep=lambda payout: status in (None, payout["status"]))


def _pay(world: World, currency: str, taken: list[Body]) -> Body | None:
    amount = sum(txn["net"] for txn in taken)
    if amount <= 0:
        return None
    payout = _new(world, amount, currency)
    world.emit("payout.created", payout)
    out = balance.book(world, "payout", payout["id"], -amount, currency, description="STRIPE PAYOUT", at_once=True)
    for txn in [*taken, out]:
        world.save("balance_transaction", {**txn, "_payout": payout["id"]}, payout["id"])
    payout |= {"status": "paid", "balance_transaction": out["id"]}
    world.save("payout", payout)
    world.emit("payout.paid", payout)
    payout["reconciliation_status"] = "completed"
    world.save("payout", payout)
    world.emit("payout.reconciliation_completed", payout)
    detail = {"amount": amount, "currency": currency, "balance_transactions": [txn["id"] for txn in taken]}
    world.effect("payout", payout["id"], detail)
    return payout


# A payout on its way.
_FRESH: Body = {
    "object": "payout",
    "application_fee": None,
    "application_fee_amount": None,
    "automatic": True,
    "balance_transaction": None,
    "description": "STRIPE PAYOUT",
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "metadata": {},
    "method": "standard",
    "original_payout": None,
    "payout_method": None,
    "reconciliation_status": "in_progress",
    "reversed_by": None,
    "source_type": "card",
    "statement_descriptor": None,
    "status": "pending",
    "trace_id": {"status": "pending", "value": None},
    "type": "bank_account",
}


def _new(world: World, amount: int, currency: str) -> Body:
    id_ = world.new_id("payout")
    return {
        **_FRESH,
        "id": id_,
        "amount": amount,
        "arrival_date": world.now // _DAY * _DAY,
        "created": world.now,
        "currency": currency,
        "destination": f"ba_sbx{letters('bank', 18)}",
        "livemode": world.livemode,
    }
