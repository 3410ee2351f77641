"""/v1/refunds: money back, never more than is left of the charge."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import balance, disputes, lists, money
from billing.sandbox.stripe.errors import invalid, wrong_state
from billing.sandbox.stripe.world import World, about, merged_metadata


def create(world: World, params: Body) -> Body:
    charge = _charge(world, params)
    disputes.refuse_if_charged_back(world, charge)
    amount = _amount(params, charge)
    refund = _new(world, charge, amount, params)
    _book(world, charge, refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.save("charge", charge)
    world.emit("refund.created", refund)
    world.emit("charge.refunded", charge, {"amount_refunded": charge["amount_refunded"] - amount})
    subject = about({**charge["metadata"], **refund["metadata"]}, refund["id"])
    detail = {name: refund[name] for name in ("amount", "currency", "charge", "payment_intent", "metadata")}
    world.effect("refund", subject, {"refund": refund["id"], **detail})
    disputes.close_inquiries(world, charge)
    return refund


def fail(world: World, id_: str, reason: str) -> Body:
    """Days later the bank sends the money back: the charge is refunded less than it said."""
    refund = world.find("refund", id_)
    if refund["status"] != "succeeded":
        raise wrong_state(f"This refund is {refund['status']}; it cannot fail.", "refund_unexpected_state")
    returned = balance.book(world, "refund_failure", id_, refund["amount"], refund["currency"])
    refund |= {"status": "failed", "failure_reason": reason, "failure_balance_transaction": returned["id"]}
    world.save("refund", refund)
    charge = world.find("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    world.save("charge", charge)
    world.emit("refund.updated", refund, {"status": "succeeded"})
    world.emit("refund.failed", refund)
    world.effect("refund_failed", about(charge["metadata"], id_), {"refund": id_, "amount": refund["amount"]})
    return refund


def retrieve(world: World, _: Body, id_: str) -> Body:
    return world.find("refund", id_)


def update(world: World, params: Body, id_: str) -> Body:
    refund = world.find("refund", id_)
    before = refund["metadata"]
    if "metadata" in params:
        refund["metadata"] = merged_metadata(before, params["metadata"])
    world.save("refund", refund)
    world.emit("refund.updated", refund, {"metadata": before})
    return refund


def list_(world: World, params: Body) -> Body:
    intent = params.get("payment_intent")
    return lists.page(
        *(world, "refund", params, "/v1/refunds"),
        parent=params.get("charge"),
        keep=lambda refund: intent in (None, refund["payment_intent"]),
    )


def _charge(world: World, params: Body) -> Body:
    if "charge" in params:
        charge = world.find("charge", params["charge"], "charge")
    elif "payment_intent" in params:
        intent = world.find("payment_intent", params["payment_intent"], "payment_intent")
        if intent["status"] != "succeeded":
            text = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            raise wrong_state(text, "payment_intent_unexpected_state")
        charge = world.find("charge", intent["latest_charge"])
    else:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    if charge["status"] != "succeeded":
        raise wrong_state(f"Charge {charge['id']} has not succeeded and cannot be refunded.", "charge_not_refundable")
    return charge


def _amount(params: Body, charge: Body) -> int:
    left: int = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise wrong_state(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    amount: int = params.get("amount", left)
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        wanted, remaining = money.shown(amount, charge["currency"]), money.shown(left, charge["currency"])
        raise invalid(f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({remaining})", "amount")
    return amount


def _new(world: World, charge: Body, amount: int, params: Body) -> Body:
    return {
        "id": world.new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.now,
        "currency": charge["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": merged_metadata({}, params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def _book(world: World, charge: Body, refund: Body) -> None:
    bank = charge["payment_method_details"]["type"] == "us_bank_account"
    booked = balance.book(
        *(world, "payment_refund" if bank else "refund", refund["id"], -refund["amount"], refund["currency"]),
        category="refund",
        description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
    )
    refund["balance_transaction"] = booked["id"]
    world.save("refund", refund, charge["id"])
