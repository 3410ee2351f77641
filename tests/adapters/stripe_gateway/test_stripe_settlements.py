"""What became of money, read at the sandbox: refunds, disputes, payouts, the balance; one story whoever asks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from money_there import DUE, FEE, moved, paid, usd

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus
from billing.domain.settlements import DisputeStatus, MovementKind, RefundStatus

if TYPE_CHECKING:
    from conftest import FarSide, Stub


class TestStories:
    """The payment with all its refunds and disputes and what each moved."""

    def test_a_payment_brings_its_own_movement(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)

        story = gateway.read_story(payment_id)

        assert story.payment == gateway.read_payment(payment_id)
        assert story.movement is not None
        assert (story.movement.kind, story.movement.amount, story.movement.fee) == (MovementKind.PAYMENT, DUE, FEE)
        assert story.movement.source_id == story.payment.charge_id
        assert story.movement.movement_id == story.payment.balance_transaction_id
        assert story.movement.net == usd(14_535)
        assert (story.refunds, story.disputes) == ((), ())

    def test_a_payment_that_was_not_made_moves_nothing(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = gateway.prepare_charge(invoice, DUE, far_side.customer_with("pm_card_visa"), invoice.invoice_id)

        story = gateway.read_story(payment_id)

        assert (story.payment.status, story.movement, story.refunds) == (PaymentStatus.UNCONFIRMED, None, ())

    def test_of_several_charges_the_one_that_took_the_money_counts(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        """Declined on the page, then paid there with another card: one payment, two charges."""
        link = gateway.create_pay_link(invoice, DUE, invoice.invoice_id)
        declined = far_side.control.post("/admin/pay", json={"url": link.url, "card": "4000000000000002"}).json()
        answered = far_side.order("pay", session=declined["session"]["id"])
        payment_id = answered["payment_intent"]["id"]
        assert declined["payment_intent"]["id"] == payment_id
        assert len(far_side.store.newest("stripe.charge", payment_id)) == 2

        story = gateway.read_story(payment_id)

        assert (story.payment.status, story.payment.amount, story.payment.refused) == (
            PaymentStatus.SUCCEEDED,
            DUE,
            None,
        )
        assert story.movement is not None
        assert story.movement.source_id == answered["payment_intent"]["latest_charge"]

    def test_partial_refunds_are_told_one_by_one_oldest_first_ours_and_the_dashboards(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        ours = gateway.refund(payment_id, usd(4_000), "a rainy day", f"refund:{payment_id}")
        theirs = far_side.order("refunds", payment_intent=payment_id, amount=1_000, reason="requested_by_customer")

        story = gateway.read_story(payment_id)

        first, second = story.refunds
        assert first == ours
        assert (first.amount, first.status, first.reason, first.effect_key) == (
            usd(4_000),
            RefundStatus.SUCCEEDED,
            "a rainy day",
            f"refund:{payment_id}",
        )
        assert (second.refund_id, second.amount, second.reason, second.effect_key) == (
            theirs["id"],
            usd(1_000),
            "requested_by_customer",
            None,
        )
        assert [moved(refund.movements) for refund in story.refunds] == [
            [(MovementKind.REFUND, -4_000, 0)],
            [(MovementKind.REFUND, -1_000, 0)],
        ]
        assert story.payment.amount == DUE  # captured once; what went back is told by its refunds

    def test_a_refund_that_failed_tells_the_movement_that_brought_the_money_back(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        refund = gateway.refund(payment_id, usd(4_000), "", f"refund:{payment_id}")
        far_side.order(f"refunds/{refund.refund_id}/fail")

        [failed] = gateway.read_story(payment_id).refunds

        assert failed.status is RefundStatus.FAILED
        assert moved(failed.movements) == [
            (MovementKind.REFUND, -4_000, 0),
            (MovementKind.REFUND_RETURNED, 4_000, 0),
        ]
        assert gateway.refund(payment_id, DUE, "", f"refund:{payment_id}:2").status is RefundStatus.SUCCEEDED

    @pytest.mark.parametrize(("end", "status"), [("win", DisputeStatus.WON), ("lose", DisputeStatus.LOST)])
    def test_an_inquiry_asks_a_dispute_takes_and_only_winning_gives_back(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice, end: str, status: DisputeStatus
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        dispute_id = far_side.order("disputes", payment_intent=payment_id, inquiry=True)["id"]
        [inquiry] = gateway.read_story(payment_id).disputes
        far_side.order(f"disputes/{dispute_id}/escalate")
        [opened] = gateway.read_story(payment_id).disputes
        far_side.order(f"disputes/{dispute_id}/{end}")

        [ended] = gateway.read_story(payment_id).disputes

        assert (inquiry.status, inquiry.movements, inquiry.amount) == (DisputeStatus.INQUIRY, (), DUE)
        assert inquiry.evidence_due_at == inquiry.opened_at + timedelta(days=9)
        assert (opened.status, moved(opened.movements)) == (
            DisputeStatus.OPEN,
            [(MovementKind.DISPUTE, -15_000, 1_500)],
        )
        assert ended.status is status
        back = [(MovementKind.DISPUTE_RETURNED, 15_000, 0)] if end == "win" else []
        assert moved(ended.movements) == [(MovementKind.DISPUTE, -15_000, 1_500), *back]
        assert {movement.source_id for movement in ended.movements} == {dispute_id}

    def test_an_inquiry_that_was_answered_moved_nothing(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        dispute_id = far_side.order("disputes", payment_intent=payment_id, inquiry=True)["id"]
        far_side.order(f"disputes/{dispute_id}/close")

        [closed] = gateway.read_story(payment_id).disputes

        assert (closed.status, closed.movements) == (DisputeStatus.INQUIRY_CLOSED, ())

    def test_a_dispute_of_the_full_amount_follows_a_partial_refund(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        gateway.refund(payment_id, usd(5_000), "", f"refund:{payment_id}")
        far_side.order("disputes", payment_intent=payment_id)

        story = gateway.read_story(payment_id)

        assert (story.refunds[0].amount, story.disputes[0].amount) == (usd(5_000), DUE)

    def test_a_bank_debit_tells_its_money_days_later_and_its_refund_in_its_own_words(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        """Stripe calls them `payment` and `payment_refund`; they are no other money."""
        intent = far_side.create(
            "payment_intents",
            amount="15000", currency="usd", payment_method="pm_usBankAccount", confirm="true",
            **{"allowed_payment_method_types[0]": "us_bank_account", "metadata[invoice_id]": invoice.invoice_id},
        )  # fmt: skip
        before = gateway.read_story(intent["id"])
        far_side.order("settle", payment_intent=intent["id"])
        gateway.refund(intent["id"], usd(2_000), "", f"refund:{intent['id']}")

        after = gateway.read_story(intent["id"])

        assert (before.payment.status, before.movement) == (PaymentStatus.PROCESSING, None)
        assert after.movement is not None
        assert (after.movement.kind, after.movement.amount) == (MovementKind.PAYMENT, DUE)
        assert moved(after.refunds[0].movements) == [(MovementKind.REFUND, -2_000, 0)]

    @pytest.mark.parametrize(
        ("amount", "refunded"),
        [
            (Money(5_000, "JPY"), Money(2_000, "JPY")),
            (Money(150_000, "KWD"), Money(40_010, "KWD")),
            (Money(15_000, "EUR"), Money(1, "EUR")),
        ],
    )
    def test_amounts_of_no_and_of_three_decimals_keep_their_size(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice, amount: Money, refunded: Money
    ) -> None:
        payment_id = paid(far_side, gateway, invoice, amount)
        gateway.refund(payment_id, refunded, "", f"refund:{payment_id}")

        story = gateway.read_story(payment_id)

        assert story.payment.amount == amount
        assert story.movement is not None
        assert story.movement.amount == amount
        assert (story.refunds[0].amount, story.refunds[0].movements[0].amount) == (refunded, -refunded)

    def test_a_payment_in_another_currency_than_the_account_moves_the_balance_in_the_accounts(self, stub: Stub) -> None:
        """The invoice is in dollars, the balance in euros: neither is taken for the other."""
        transaction = {
            "id": "txn_1", "object": "balance_transaction", "type": "charge", "reporting_category": "charge",
            "amount": 9_200, "fee": 310, "currency": "eur", "created": 1_772_000_000, "source": "ch_1",
        }  # fmt: skip
        charge = {
            "id": "ch_1", "object": "charge", "balance_transaction": transaction, "created": 1_772_000_000,
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        }  # fmt: skip
        stub.will_answer(
            {
                "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount_received": 10_000,
                "currency": "usd", "latest_charge": charge, "metadata": {},
            }
        )  # fmt: skip
        for kind in ("refunds", "disputes"):
            stub.will_answer({"object": "list", "data": [], "has_more": False, "url": f"/v1/{kind}"})

        story = stub.gateway().read_story("pi_1")

        assert story.payment.amount == usd(10_000)
        assert story.movement is not None
        assert (story.movement.amount, story.movement.fee) == (Money(9_200, "EUR"), Money(310, "EUR"))


class TestRefunding:
    """Money goes back under our key; what Stripe refuses is one sentence, what is lost is unknown."""

    def test_a_refund_goes_out_once_under_its_key_and_carries_it(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)

        made = [gateway.refund(payment_id, usd(4_000), "late", f"refund:{payment_id}") for _ in range(3)]

        assert len(set(made)) == 1
        [kept] = far_side.store.newest("stripe.refund", gateway.read_payment(payment_id).charge_id)
        assert kept["metadata"] == {"effect_key": f"refund:{payment_id}", "reason": "late"}
        assert gateway.find_refunds(payment_id, f"refund:{payment_id}") == made[:1]
        assert gateway.find_refunds(payment_id, "another") == []

    @pytest.mark.parametrize(("turn", "sent"), [(1, "refund:one"), (2, "refund:one:2")])
    def test_the_idempotency_key_follows_from_the_effects_key_and_the_turn(
        self, stub: Stub, turn: int, sent: str
    ) -> None:
        stub.will_answer({"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"})
        stub.will_answer({"error": {"type": "api_error", "message": "?"}}, 500)

        with pytest.raises(UnknownOutcomeError):
            stub.gateway().refund("pi_1", usd(100), "", "refund:one", turn=turn)

        verb, path, fields, headers = stub.asked[-1]
        assert (verb, path, headers["Idempotency-Key"]) == ("POST", "/v1/refunds", sent)
        assert fields["metadata[effect_key]"] == "refund:one"

    def test_more_than_is_left_is_refused_in_a_sentence(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)

        with pytest.raises(PermanentError, match=r"Stripe refused the parameter amount .*greater than") as refused:
            gateway.refund(payment_id, usd(15_001), "", f"refund:{payment_id}")

        assert refused.value.code == "stripe_refused"
        assert "\n" not in refused.value.sentence

    def test_all_back_is_all_back(self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice) -> None:
        payment_id = paid(far_side, gateway, invoice)
        gateway.refund(payment_id, DUE, "", f"refund:{payment_id}:1")

        with pytest.raises(PermanentError, match="charge_already_refunded"):
            gateway.refund(payment_id, usd(1), "", f"refund:{payment_id}:2")

    def test_nothing_is_refunded_while_the_charge_is_charged_back(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        far_side.order("disputes", payment_intent=payment_id)

        with pytest.raises(PermanentError, match="charge_disputed") as refused:
            gateway.refund(payment_id, usd(100), "", f"refund:{payment_id}")

        assert refused.value.code == "stripe_refused"
        assert gateway.read_story(payment_id).refunds == ()

    @pytest.mark.parametrize("kind", ["500_after", "reset", "truncate"])
    def test_a_lost_answer_is_unknown_and_the_refund_is_found(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice, kind: str
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        far_side.order("faults", kind=kind, method="POST", path_prefix="/v1/refunds")

        with pytest.raises(UnknownOutcomeError):
            gateway.refund(payment_id, usd(100), "", f"refund:{payment_id}")

        [found] = gateway.find_refunds(payment_id, f"refund:{payment_id}")
        assert found.amount == usd(100)

    @pytest.mark.parametrize("kind", ["429", "409"])
    def test_what_stripe_did_not_begin_may_be_asked_for_again(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice, kind: str
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        far_side.order("faults", kind=kind, method="POST", path_prefix="/v1/refunds")

        with pytest.raises(TemporaryError):
            gateway.refund(payment_id, usd(100), "", f"refund:{payment_id}")

        assert gateway.find_refunds(payment_id, f"refund:{payment_id}") == []
