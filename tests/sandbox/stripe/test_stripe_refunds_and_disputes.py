"""Money that goes back: refunds, disputes, inquiries, payouts; gross - fee = net all the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
import stripe
from stripe_sandbox import Sandbox, refused


def test_refunds_add_up_and_never_exceed_the_charge(sandbox: Sandbox) -> None:
    intent = sandbox.charge(amount=10_000, metadata={"invoice_id": "INV-7"})
    refunds, charge = sandbox.v1.refunds, intent.latest_charge.id

    first = refunds.create({"payment_intent": intent.id, "amount": 4_000, "metadata": {"why": "late"}})
    with pytest.raises(stripe.InvalidRequestError, match=r"\(\$60.01\) is greater than unrefunded amount"):
        refunds.create({"charge": charge, "amount": 6_001})
    second = refunds.create({"charge": charge, "reason": "requested_by_customer"})

    assert (first.status, second.amount) == ("succeeded", 6_000)
    after = sandbox.v1.charges.retrieve(charge)
    assert (after.amount_refunded, after.refunded) == (10_000, True)
    assert [r.id for r in refunds.list({"payment_intent": intent.id}).data] == [second.id, first.id]
    assert [r.id for r in refunds.list({"charge": charge}).data] == [second.id, first.id]
    with pytest.raises(stripe.InvalidRequestError) as error:
        refunds.create({"charge": charge})
    assert refused(error) == (400, "charge_already_refunded", None)
    assert [e["subject"] for e in sandbox.store.effects("stripe.refund")] == ["INV-7", "INV-7"]
    assert sandbox.event_types()[-4:] == ["refund.created", "charge.refunded"] * 2


def test_a_refund_gives_no_fee_back(sandbox: Sandbox) -> None:
    refund = sandbox.v1.refunds.create({"payment_intent": sandbox.charge().id, "expand": ["balance_transaction"]})

    transaction = refund.balance_transaction
    assert (transaction.type, transaction.amount, transaction.fee, transaction.net) == ("refund", -10_000, 0, -10_000)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, None),
        ({"charge": "ch_none"}, "resource_missing"),
        ({"payment_intent": "pi_none"}, "resource_missing"),
        ({"amount": 0}, "parameter_invalid_integer"),
    ],
)
def test_refunds_that_are_not_understood(sandbox: Sandbox, params: dict[str, object], code: str | None) -> None:
    known = {"charge": sandbox.charge().latest_charge.id} if "amount" in params else {}

    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.refunds.create({**known, **params})

    assert refused(error)[:2] == (400, code)


def test_only_what_was_charged_is_refunded(sandbox: Sandbox) -> None:
    unpaid = sandbox.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.CardError) as declined:
        sandbox.charge("pm_card_chargeDeclined")

    for params in ({"payment_intent": unpaid.id}, {"charge": declined.value.json_body["error"]["charge"]}):
        with pytest.raises(stripe.InvalidRequestError):
            sandbox.v1.refunds.create(params)


def test_a_refund_by_hand_and_one_that_comes_back(sandbox: Sandbox) -> None:
    intent = sandbox.charge()
    refund = sandbox.admin("refunds", payment_intent=intent.id, amount=2_500)

    failed = sandbox.admin(f"refunds/{refund['id']}/fail", reason="lost_or_stolen_card")

    assert (failed["status"], failed["failure_reason"]) == ("failed", "lost_or_stolen_card")
    assert sandbox.v1.charges.retrieve(intent.latest_charge.id).amount_refunded == 0
    assert sandbox.v1.balance_transactions.retrieve(failed["failure_balance_transaction"]).amount == 2_500
    assert sandbox.v1.refunds.update(refund["id"], {"metadata": {"seen": "yes"}}).metadata.to_dict() == {"seen": "yes"}
    assert sandbox.v1.refunds.update(refund["id"], {}).id == sandbox.v1.refunds.retrieve(refund["id"]).id
    sandbox.admin(f"refunds/{refund['id']}/fail", 400)


def test_a_bank_debit_is_refunded_as_a_payment(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_usBankAccount", allowed_payment_method_types=["us_bank_account"])
    sandbox.admin("settle", payment_intent=intent.id)

    refund = sandbox.v1.refunds.create({"payment_intent": intent.id, "expand": ["balance_transaction"]})

    assert refund.balance_transaction.type == "payment_refund"


def test_a_disputed_charge_loses_its_money_and_takes_no_refund(sandbox: Sandbox) -> None:
    charge = sandbox.charge("pm_card_createDispute", metadata={"invoice_id": "INV-7"}).latest_charge.id

    [dispute] = sandbox.v1.disputes.list({"charge": charge}).data

    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 10_000)
    [taken] = dispute.balance_transactions
    assert (taken.amount, taken.fee, taken.net, taken.reporting_category) == (-10_000, 1_500, -11_500, "dispute")
    assert sandbox.v1.charges.retrieve(charge).disputed
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.refunds.create({"charge": charge})
    assert refused(error) == (400, "charge_disputed", None)
    assert sandbox.store.effects("stripe.dispute")[0]["subject"] == "INV-7"
    assert sandbox.event_types()[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_a_dispute_is_won_and_the_money_returns(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_card_createDisputeProductNotReceived")
    [dispute] = sandbox.v1.disputes.list({"payment_intent": intent.id}).data

    won = sandbox.admin(f"disputes/{dispute.id}/win")

    assert won["status"] == "won"
    after = sandbox.v1.disputes.retrieve(dispute.id)
    assert [txn.amount for txn in after.balance_transactions] == [-10_000, 10_000]
    assert sandbox.event_types()[-2:] == ["charge.dispute.closed", "charge.dispute.funds_reinstated"]
    assert sandbox.v1.refunds.create({"payment_intent": intent.id, "amount": 1}).status == "succeeded"
    sandbox.admin(f"disputes/{dispute.id}/lose", 400)
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        sandbox.v1.disputes.close(dispute.id)


def test_a_dispute_of_the_full_amount_follows_a_partial_refund(sandbox: Sandbox) -> None:
    intent = sandbox.charge()
    sandbox.v1.refunds.create({"payment_intent": intent.id, "amount": 4_000})

    dispute = sandbox.admin("disputes", payment_intent=intent.id, reason="product_not_received")
    lost = sandbox.admin(f"disputes/{dispute['id']}/lose")

    assert (dispute["amount"], lost["status"]) == (10_000, "lost")
    assert sandbox.store.effect_counts()["stripe.dispute_lost"] == 1
    sandbox.admin("disputes", 400, payment_intent=intent.id, amount=10_001)


def test_giving_in_loses(sandbox: Sandbox) -> None:
    charge = sandbox.charge().latest_charge.id
    dispute, inquiry = (sandbox.admin("disputes", charge=charge, amount=500, inquiry=i)["id"] for i in (False, True))

    assert sandbox.v1.disputes.close(dispute).status == "lost"
    assert sandbox.v1.disputes.close(inquiry).status == "warning_closed"


def test_an_inquiry_moves_no_money_and_a_refund_answers_it(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_card_createDisputeInquiry")
    [inquiry] = sandbox.v1.disputes.list({"payment_intent": intent.id}).data
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])

    sandbox.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    assert sandbox.v1.disputes.retrieve(inquiry.id).status == "warning_needs_response"
    sandbox.v1.refunds.create({"payment_intent": intent.id})

    assert sandbox.v1.disputes.retrieve(inquiry.id).status == "warning_closed"


def test_an_inquiry_escalates_or_is_closed(sandbox: Sandbox) -> None:
    charge = sandbox.charge().latest_charge.id
    first, second = (sandbox.admin("disputes", charge=charge, inquiry=True)["id"] for _ in range(2))

    sandbox.admin(f"disputes/{first}/escalate")
    closed = sandbox.admin(f"disputes/{second}/close")

    escalated = sandbox.v1.disputes.retrieve(first)
    assert (escalated.status, len(escalated.balance_transactions)) == ("needs_response", 1)
    assert closed["status"] == "warning_closed"


def test_only_a_charge_that_succeeded_is_disputed(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.CardError) as declined:
        sandbox.charge("pm_card_chargeDeclined")

    sandbox.admin("disputes", 400, charge=declined.value.json_body["error"]["charge"])


def test_a_payout_takes_what_is_available_and_reconciles(sandbox: Sandbox) -> None:
    first = sandbox.charge(amount=10_000)
    sandbox.charge(amount=20_000)
    sandbox.v1.refunds.create({"payment_intent": first.id, "amount": 1_000})
    sandbox.charge(amount=10_000, currency="eur")
    sandbox.admin("payouts", 400)
    balance = sandbox.v1.balance.retrieve()
    assert [(row.currency, row.amount) for row in balance.pending] == [("eur", 9_825), ("usd", 28_070)]
    sandbox.clock.advance(timedelta(days=2))
    sandbox.charge(amount=7_000)

    payouts = sandbox.admin("payouts")["data"]

    assert [(payout["currency"], payout["amount"]) for payout in payouts] == [("eur", 9_825), ("usd", 28_070)]
    usd = sandbox.v1.payouts.retrieve(payouts[1]["id"])
    assert (usd.status, usd.reconciliation_status, usd.automatic) == ("paid", "completed", True)
    inside = sandbox.v1.balance_transactions.list({"payout": usd.id}).data
    assert sorted((t.type, t.net) for t in inside) == [
        *(("charge", 9_680), ("charge", 19_390), ("payout", -28_070)),
        ("refund", -1_000),
    ]
    assert [t.status for t in sandbox.v1.balance_transactions.list({"payout": usd.id, "type": "refund"}).data] == [
        "available"
    ]
    assert sandbox.v1.payouts.list({"status": "paid"}).data[0].id == usd.id
    assert [e["detail"]["amount"] for e in sandbox.store.effects("stripe.payout")] == [9_825, 28_070]
    sandbox.admin("payouts", 400)
    assert len(sandbox.admin("payouts", include_pending=True, currency="usd")["data"]) == 1
    assert sandbox.event_types()[-3:] == ["payout.created", "payout.paid", "payout.reconciliation_completed"]


def test_a_negative_balance_is_not_paid_out(sandbox: Sandbox) -> None:
    sandbox.v1.refunds.create({"payment_intent": sandbox.charge().id})

    sandbox.admin("payouts", 400, include_pending=True)


def test_a_card_that_is_available_at_once(sandbox: Sandbox) -> None:
    sandbox.charge("pm_card_bypassPending")

    [available] = sandbox.v1.balance.retrieve().available
    assert available.amount == 9_680


def test_payouts_are_not_listed_by_arrival(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.payouts.list({"arrival_date": 1})
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.balance_transactions.list({"payout": "po_none"})
    assert sandbox.v1.balance.retrieve().available[0].amount == 0
