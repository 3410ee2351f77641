"""/v1/disputes: a client's bank takes the money back. An inquiry (warning_*) only asks, and moves none."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import balance, lists
from billing.sandbox.stripe.errors import invalid, wrong_state
from billing.sandbox.stripe.payment_methods import behaviour_of
from billing.sandbox.stripe.world import World, about, public

_FEE = 1500
_DAYS_TO_ANSWER = 9
_OPEN = ("needs_response", "under_review")
_OPEN_INQUIRY = ("warning_needs_response", "warning_under_review")
_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
    " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
    " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text"
)


def raise_by_card(world: World, charge: Body) -> None:
    """Some test cards are disputed as soon as they have paid."""
    reason = behaviour_of(charge).dispute
    if reason:
        inquiry = reason == "inquiry"
        open_(world, charge, reason="fraudulent" if inquiry else reason, inquiry=inquiry)


def open_(world: World, charge: Body, *, reason: str, inquiry: bool = False, amount: int | None = None) -> Body:
    """A dispute may be of the full amount even when a part has been refunded: banks do not look."""
    if charge["status"] != "succeeded":
        raise wrong_state(f"Charge {charge['id']} has not succeeded and cannot be disputed.", "charge_not_disputable")
    if amount is not None and not 1 <= amount <= charge["amount"]:
        raise invalid(f"A dispute is of 1 to {charge['amount']} minor units.", "amount")
    dispute = _new(world, charge, amount or charge["amount"], reason, inquiry)
    world.save("dispute", dispute, charge["id"])
    world.save("charge", {**charge, "disputed": True})
    world.emit("charge.dispute.created", dispute)
    detail = {"charge": charge["id"], "payment_intent": charge["payment_intent"], "inquiry": inquiry}
    named = about(charge["metadata"], dispute["id"])
    world.effect("dispute", named, {"dispute": dispute["id"], **_sum(dispute), **detail})
    return dispute if inquiry else _withdraw(world, dispute)


def escalate(world: World, id_: str) -> Body:
    """An inquiry that was not settled becomes a dispute, and now the money goes."""
    dispute = _in_state(world, id_, _OPEN_INQUIRY)
    before = dispute["status"]
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    world.save("dispute", dispute)
    world.emit("charge.dispute.updated", dispute, {"status": before})
    return _withdraw(world, dispute)


def win(world: World, id_: str) -> Body:
    dispute = _in_state(world, id_, _OPEN)
    returned = balance.book(
        *(world, "adjustment", id_, dispute["amount"], dispute["currency"]),
        category="dispute_reversal",
        description=f"Chargeback reversal for {dispute['charge']}",
    )
    dispute["_transactions"] = [*dispute["_transactions"], returned["id"]]
    closed = _close(world, dispute, "won")
    world.emit("charge.dispute.funds_reinstated", _shown(world, closed))
    return closed


def lose(world: World, id_: str) -> Body:
    return _close(world, _in_state(world, id_, _OPEN), "lost")


def close_inquiry(world: World, id_: str) -> Body:
    return _close(world, _in_state(world, id_, _OPEN_INQUIRY), "warning_closed")


def close_inquiries(world: World, charge: Body) -> None:
    """A full refund answers an inquiry."""
    if charge["refunded"]:
        for dispute in world.store.newest("stripe.dispute", charge["id"]):
            if dispute["status"] in _OPEN_INQUIRY:
                _close(world, dispute, "warning_closed")


def refuse_if_charged_back(world: World, charge: Body) -> None:
    stopping = (*_OPEN, "lost")
    if any(dispute["status"] in stopping for dispute in world.store.newest("stripe.dispute", charge["id"])):
        text = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise wrong_state(text, "charge_disputed")


def close(world: World, _: Body, id_: str) -> Body:
    """POST /v1/disputes/{id}/close: the studio gives in."""
    dispute = world.find("dispute", id_)
    if dispute["status"] not in (*_OPEN, *_OPEN_INQUIRY):
        raise wrong_state("This dispute is already closed.", "dispute_unexpected_state")
    return _shown(world, _close(world, dispute, "lost" if dispute["status"] in _OPEN else "warning_closed"))


def retrieve(world: World, _: Body, id_: str) -> Body:
    return _shown(world, world.find("dispute", id_))


def list_(world: World, params: Body) -> Body:
    intent = params.get("payment_intent")
    listed = lists.page(
        *(world, "dispute", params, "/v1/disputes"),
        parent=params.get("charge"),
        keep=lambda dispute: intent in (None, dispute["payment_intent"]),
    )
    return {**listed, "data": [public(retrieve(world, {}, dispute["id"])) for dispute in listed["data"]]}


def _new(world: World, charge: Body, amount: int, reason: str, inquiry: bool) -> Body:
    return {
        "id": world.new_id("dispute"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": world.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE.split()), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": world.now + _DAYS_TO_ANSWER * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": world.livemode,
        "metadata": {},
        "network_reason_code": "10.4" if reason == "fraudulent" else "13.1",
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
        "_transactions": [],
    }


def _withdraw(world: World, dispute: Body) -> Body:
    taken = balance.book(
        *(world, "adjustment", dispute["id"], -dispute["amount"], dispute["currency"]),
        fee=_FEE,
        fee_name="Dispute fee",
        category="dispute",
        description=f"Chargeback withdrawal for {dispute['charge']}",
    )
    dispute["_transactions"] = [*dispute["_transactions"], taken["id"]]
    world.save("dispute", dispute)
    world.emit("charge.dispute.funds_withdrawn", _shown(world, dispute))
    return dispute


def _close(world: World, dispute: Body, status: str) -> Body:
    dispute |= {"status": status, "is_charge_refundable": status in ("won", "warning_closed")}
    world.save("dispute", dispute)
    world.emit("charge.dispute.closed", _shown(world, dispute))
    if status in ("won", "lost"):
        world.effect(f"dispute_{status}", dispute["id"], {"charge": dispute["charge"], **_sum(dispute)})
    return dispute


def _in_state(world: World, id_: str, states: tuple[str, ...]) -> Body:
    dispute = world.find("dispute", id_)
    if dispute["status"] not in states:
        raise wrong_state(
            f"This dispute is {dispute['status']}, not {' or '.join(states)}.", "dispute_unexpected_state"
        )
    return dispute


def _shown(world: World, dispute: Body) -> Body:
    """A dispute carries its balance transactions whole."""
    moved = [balance.retrieve(world, {}, id_) for id_ in dispute["_transactions"]]
    return {**dispute, "balance_transactions": [public(txn) for txn in moved]}


def _sum(dispute: Body) -> Body:
    return {"amount": dispute["amount"], "currency": dispute["currency"]}
