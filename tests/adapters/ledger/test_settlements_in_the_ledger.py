"""Refunds, disputes, movements and payouts: kept as they were last read, and found again, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from paper import LATER, NOW, finalized

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.money import Money
from billing.domain.settlements import (
    DisputeFact,
    DisputeStatus,
    Movement,
    MovementKind,
    PayoutFact,
    PayoutStatus,
    RefundFact,
    RefundStatus,
)
from billing.ports.settlements import DisputeRow, MovementRow, RefundRow


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


REFUND = RefundFact("stripe", "re_1", "pi_1", eur(200), RefundStatus.PENDING, "agreed", NOW, effect_key="refund:1")
DISPUTE = DisputeFact("stripe", "dp_1", "pi_1", eur(300), DisputeStatus.INQUIRY, "fraudulent", NOW, LATER)
MOVED = Movement("txn_1", MovementKind.REFUND, "re_1", eur(-200), eur(7), NOW, "REFUND FOR CHARGE")
PAYOUT = PayoutFact(
    "stripe", "po_1", eur(480), PayoutStatus.IN_TRANSIT, True, False, NOW, date(2026, 3, 5), movement_ids=("txn_1",)
)


def test_a_refund_is_kept_as_it_is_now_and_says_what_it_was(ledger: SqlLedger) -> None:
    finalized(ledger)
    with ledger.write() as uow:
        assert uow.settlements.keep_refund(REFUND, "inv_1", NOW) is None
        [row] = uow.settlements.refunds_of("inv_1")
        known = uow.settlements.keep_refund(replace(REFUND, status=RefundStatus.SUCCEEDED), "inv_1", LATER)
        [after] = uow.settlements.refunds_of("inv_1")

    assert row == RefundRow("re_1", "pi_1", "inv_1", "EUR", 200, RefundStatus.PENDING, "agreed", "refund:1", NOW)
    assert known is RefundStatus.PENDING
    assert after == replace(row, status=RefundStatus.SUCCEEDED)


def test_refunds_under_way_are_those_that_have_neither_arrived_nor_come_back(ledger: SqlLedger) -> None:
    finalized(ledger)
    with ledger.write() as uow:
        for number, status in enumerate(RefundStatus):
            later = NOW + timedelta(hours=number)
            uow.settlements.keep_refund(
                replace(REFUND, refund_id=f"re_{number}", status=status, created_at=later), "inv_1", NOW
            )
        open_ones = [row.status for row in uow.settlements.open_refunds()]
        nobody = uow.settlements.refunds_of("inv_2")

    assert open_ones == [RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION]
    assert nobody == []


def test_a_dispute_is_kept_as_it_is_now_and_says_what_it_was(ledger: SqlLedger) -> None:
    finalized(ledger)
    lost = replace(DISPUTE, status=DisputeStatus.LOST, evidence_due_at=None)
    with ledger.write() as uow:
        assert uow.settlements.keep_dispute(DISPUTE, "inv_1", NOW) is None
        [row] = uow.settlements.open_disputes()
        known = uow.settlements.keep_dispute(lost, "inv_1", LATER)
        still = uow.settlements.open_disputes()
        [after] = uow.settlements.disputes_of("inv_1")

    assert row == DisputeRow("dp_1", "pi_1", "inv_1", "EUR", 300, DisputeStatus.INQUIRY, "fraudulent", NOW, LATER)
    assert known is DisputeStatus.INQUIRY
    assert still == []
    assert after == replace(row, status=DisputeStatus.LOST, evidence_due_at=None)


def test_a_movement_is_kept_once_and_found_by_what_moved_it(ledger: SqlLedger) -> None:
    other = replace(MOVED, movement_id="txn_2", source_id="re_2", occurred_at=LATER)
    with ledger.write() as uow:
        first = [uow.settlements.add_movement("stripe", one, "inv_1", "moved:1", NOW) for one in (MOVED, other)]
        again = uow.settlements.add_movement("stripe", replace(MOVED, fee=eur(9)), None, None, LATER)
        found = uow.settlements.movement("txn_1")
        of_source = uow.settlements.movements_of("re_2")
        since = uow.settlements.movements_since("stripe", LATER)
        elsewhere = uow.settlements.movements_since("office", NOW)

    assert (first, again) == ([True, True], False)
    assert found == MovementRow(MOVED, "inv_1", "moved:1")
    assert [row.movement for row in of_source] == [row.movement for row in since] == [other]
    assert elsewhere == []


def test_a_payout_comes_back_as_it_was_kept_last(ledger: SqlLedger) -> None:
    paid = replace(PAYOUT, status=PayoutStatus.PAID, is_itemized=True, movement_ids=("txn_1", "txn_2"))
    by_hand = replace(PAYOUT, payout_id="po_0", is_automatic=False, created_at=NOW - timedelta(days=1), movement_ids=())
    with ledger.write() as uow:
        assert uow.settlements.payout_status("po_1") is None
        uow.settlements.keep_payout(PAYOUT, NOW)
        uow.settlements.keep_payout(by_hand, NOW)
        before = uow.settlements.payouts_since("stripe", NOW)
        uow.settlements.keep_payout(paid, LATER)
        status = uow.settlements.payout_status("po_1")
        after = uow.settlements.payouts_since("stripe", by_hand.created_at)
        elsewhere = uow.settlements.payouts_since("other", by_hand.created_at)

    assert before == [PAYOUT]
    assert status is PayoutStatus.PAID
    assert after == [by_hand, paid]
    assert elsewhere == []
