"""The books against the booking system and the galleries: every cause appears, says what to do, and closes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from studio import Studio, order
from test_payouts import eur

from billing.domain.effects import EffectKind
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.policy import GalleryPolicy
from billing.domain.settlements import DisputeStatus
from billing.ports.operations import Difference
from billing.services.reconcile import Reconciled, reconcile, reconcile_all

DOWN = TemporaryError("vsco_unreachable", "VSCO Workspace is down.")


def compared(studio: Studio, scope: str) -> Reconciled:
    studio.clock.go(hours=2)  # what follows by itself has followed by then
    return reconcile(studio.ctx, scope)


def only(done: Reconciled) -> Difference:
    [difference] = done.differences
    return difference


def paid(studio: Studio) -> Studio:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    studio.round()
    return studio


def is_shown(studio: Studio, one: Difference, code: str | None = None) -> bool:
    return studio.open_items().get((one.subject_id, code or f"{one.scope}_{one.cause}")) == one.sentence


def test_a_paid_session_is_clean_in_every_scope(studio: Studio) -> None:
    paid(studio)
    studio.clock.go(hours=2)

    done = reconcile_all(studio.ctx)

    assert [(one.reconciliation.scope, one.is_clean) for one in done] == [
        ("stripe", True), ("vsco", True), ("galleries", True),
    ]  # fmt: skip
    assert all(one.reconciliation.compared for one in done)


def test_a_payment_deleted_at_the_booking_system_is_told_with_what_to_record_there(studio: Studio) -> None:
    paid(studio)
    kept = dict(studio.source.written)
    studio.source.written.clear()

    one = only(compared(studio, "vsco"))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("payment_not_there", 50_000, None)
    assert "record it there on job j1 with that transaction id, and apply 500.00 EUR to order" in one.sentence
    assert is_shown(studio, one)
    studio.source.written.update(kept)
    assert compared(studio, "vsco").closed == 1
    assert studio.codes() == []


def test_a_difference_stays_open_however_long_ago_it_began(studio: Studio) -> None:
    paid(studio)
    studio.source.written.clear()
    assert len(compared(studio, "vsco").differences) == 1
    studio.clock.go(days=200)

    assert only(compared(studio, "vsco")).cause == "payment_not_there"


def test_a_payment_of_another_amount_there_is_told_with_both(studio: Studio) -> None:
    paid(studio)
    studio.source.written["vscopay1"]["amount"] = eur(45_000)

    one = only(compared(studio, "vsco"))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("payment_differs_there", 50_000, 45_000)
    studio.source.written["vscopay1"]["amount"] = eur(50_000)
    assert compared(studio, "vsco").closed == 1


def test_a_payment_that_is_not_applied_to_its_order_is_told(studio: Studio) -> None:
    paid(studio)
    kept = dict(studio.source.applied)
    studio.source.applied.clear()

    one = only(compared(studio, "vsco"))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("payment_not_applied", 50_000, 0)
    studio.source.applied.update(kept)
    assert compared(studio, "vsco").is_clean


def test_a_write_back_that_failed_is_told_and_one_that_is_new_is_waited_for(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.source.line.fail("record_payment", PermanentError("vsco_refused", "VSCO Workspace refused it."))
    studio.round()

    assert reconcile(studio.ctx, "vsco").is_clean
    assert only(compared(studio, "vsco")).cause == "payment_not_there"


def test_money_that_went_back_is_to_be_entered_at_the_booking_system(studio: Studio) -> None:
    paid(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    studio.round()

    one = only(compared(studio, "vsco"))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("refund_not_there", 10_000, 0)
    assert "(re_1)" in one.sentence
    assert "enter a refund of 100.00 EUR on that payment there" in one.sentence
    assert is_shown(studio, one)
    studio.source.written["vscopay1"]["refunded"] = eur(10_000)
    assert compared(studio, "vsco").closed == 1


def test_a_refund_that_came_back_is_nothing_to_enter(studio: Studio) -> None:
    paid(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    studio.gateway.fail_refund("re_1")
    studio.round()

    assert compared(studio, "vsco").is_clean


def test_a_lost_dispute_is_money_that_went_back_and_a_won_one_is_not(studio: Studio) -> None:
    paid(studio)
    studio.gateway.dispute("pi_1")
    studio.round()
    assert compared(studio, "vsco").is_clean
    studio.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    studio.round()

    one = only(compared(studio, "vsco"))

    assert (one.cause, one.ledger_minor) == ("refund_not_there", 50_000)


@pytest.mark.parametrize(
    ("now", "proposal", "outside_minor"),
    [
        ((order("o-j1", 65_000),), "propose a supplementary invoice of 150.00 EUR", 65_000),
        ((order("o-j1", 40_000),), "propose a credit note of 100.00 EUR", 40_000),
        ((order("o-j1", status="voided"),), "propose a credit note of 500.00 EUR", 0),
        ((), "propose a credit note of 500.00 EUR", 0),
    ],
    ids=["more", "less", "voided", "gone"],
)
def test_an_order_that_changed_is_drift_with_a_proposal(
    studio: Studio, now: tuple, proposal: str, outside_minor: int
) -> None:
    facts = studio.session()
    studio.round()
    studio.source.put(replace(facts, orders=now), studio.clock.now().replace(year=2020))

    one = only(compared(studio, "vsco"))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("order_changed", 50_000, outside_minor)
    assert proposal in one.sentence
    assert is_shown(studio, one, "order_changed")
    studio.source.put(facts, studio.clock.now().replace(year=2020))
    assert compared(studio, "vsco").closed == 1
    assert studio.codes() == []


def test_a_changed_order_that_was_noticed_already_is_one_matter(studio: Studio) -> None:
    facts = studio.session()
    studio.round()
    studio.clock.go(hours=1)
    studio.source.put(replace(facts, orders=(order("o-j1", 65_000),)))
    studio.round()

    assert only(compared(studio, "vsco")).cause == "order_changed"
    assert studio.codes() == ["order_changed"]


def test_a_job_that_cannot_be_read_is_told_and_the_others_are_compared(studio: Studio) -> None:
    for job_id in ("j1", "j2"):
        studio.session(job_id)
    studio.round()
    studio.pay_on_page("j2")
    studio.round()
    studio.source.written.clear()
    studio.source.line.fail("written_payments:j1", PermanentError("vsco_not_found", "There is no such job."))

    done = compared(studio, "vsco")

    assert sorted(one.cause for one in done.differences) == ["job_unreadable", "payment_not_there"]


def test_a_job_whose_orders_cannot_be_read_is_still_asked_for_its_payments(studio: Studio) -> None:
    paid(studio)
    studio.source.written.clear()
    studio.source.spoil("j1")

    assert [one.cause for one in compared(studio, "vsco").differences] == ["payment_not_there", "job_unreadable"]


@pytest.mark.parametrize(("scope", "call"), [("vsco", "written_payments:j1"), ("galleries", "is_open:g-j1")])
def test_an_outside_that_does_not_answer_is_never_all_is_well(studio: Studio, scope: str, call: str) -> None:
    paid(studio)
    studio.source.written.clear()
    studio.host.opened.clear()
    before = compared(studio, scope)
    assert len(before.differences) == 1
    studio.source.line.fail(call, DOWN)
    studio.host.line.fail(call, DOWN)

    with pytest.raises(TemporaryError):
        compared(studio, scope)

    with studio.ledger.read() as uow:
        assert tuple(uow.operations.open_differences(scope)) == before.differences
        assert uow.operations.last_reconciliation(scope) == before.reconciliation


def test_a_gallery_that_was_closed_at_its_host_is_told_until_it_is_open(studio: Studio) -> None:
    paid(studio)
    studio.host.opened.remove("g-j1")

    one = only(compared(studio, "galleries"))

    assert (one.cause, one.subject_id) == ("gallery_closed_there", "g-j1")
    assert is_shown(studio, one)
    studio.host.opened.append("g-j1")
    assert compared(studio, "galleries").closed == 1


def test_a_gallery_that_has_expired_is_rightly_closed(studio: Studio) -> None:
    studio.policy = replace(studio.policy, gallery_days=1)
    paid(studio)
    studio.host.opened.clear()
    studio.clock.go(days=30)

    done = compared(studio, "galleries")

    assert (done.is_clean, done.reconciliation.compared) == (True, 1)


def test_a_gallery_open_at_its_host_though_nothing_is_paid_is_told(studio: Studio) -> None:
    studio.with_gallery()
    studio.round()
    studio.host.opened.append("g-j1")

    one = only(compared(studio, "galleries"))

    assert (one.cause, one.ledger_minor) == ("gallery_open_against_policy", 50_000)
    assert is_shown(studio, one)
    studio.host.opened.clear()
    assert compared(studio, "galleries").closed == 1


def test_a_gallery_still_open_though_its_money_went_back_is_told(studio: Studio) -> None:
    paid(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(50_000))
    studio.gateway.events.clear()
    reconcile(studio.ctx, "stripe")
    closing = [effect.effect_id for effect in studio.effects(EffectKind.REVOKE)]
    assert compared(studio, "galleries").is_clean  # it is being closed
    with studio.ledger.engine.begin() as connection:
        connection.exec_driver_sql("update effects set state = 'failed' where kind = 'revoke'")

    one = only(compared(studio, "galleries"))

    assert closing
    assert one.cause == "gallery_open_against_policy"
    assert "though the money went back" in one.sentence


def test_a_gallery_that_was_closed_because_all_was_refunded_is_rightly_closed(studio: Studio) -> None:
    paid(studio)
    studio.ask("refund", number="INV-2026-0001", amount_minor=50_000)
    for _ in range(3):
        studio.round()

    assert studio.host.opened == []
    assert studio.invoice().balance_minor == 0
    assert compared(studio, "galleries").is_clean


def test_a_gallery_that_nobody_opens_is_told(studio: Studio) -> None:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    studio.host.line.fail("open_gallery", PermanentError("gallery_refused", "The host refuses."))
    studio.round()

    assert reconcile(studio.ctx, "galleries").is_clean  # it has only just been paid
    one = only(compared(studio, "galleries"))

    assert one.cause == "gallery_not_opened"
    [effect] = studio.effects(EffectKind.GRANT)
    studio.ask("retry", effect_id=effect.effect_id)
    studio.round()
    assert compared(studio, "galleries").closed == 1


def test_a_gallery_whose_host_refuses_to_tell_is_told(studio: Studio) -> None:
    paid(studio)
    studio.host.line.fail("is_open:g-j1", PermanentError("malformed_record", "The gallery cannot be read."))

    assert only(compared(studio, "galleries")).cause == "gallery_unreadable"
    assert compared(studio, "galleries").closed == 1


def test_galleries_that_a_person_opens_are_not_compared(studio: Studio) -> None:
    studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.BY_HAND)
    studio.with_gallery()
    studio.round()
    studio.host.opened.append("g-j1")

    assert compared(studio, "galleries").reconciliation.compared == 0
