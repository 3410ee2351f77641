"""What is in doubt: whether it was done before a restore of its occasion, or before the line dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from studio import Studio
from test_money_back import number, take_in

from billing.domain.effects import RESTORED, EffectKind, EffectState, Intent
from billing.domain.errors import UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.settlements import RefundFact, RefundStatus
from billing.ports.operations import CAUSE_RESTORED
from billing.services.effects.doubt import perhaps_done_before_restore
from billing.services.effects.evidence import STILL_UNDER_WAY
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events

MAIL = EffectKind.MAIL


@pytest.fixture
def restored(studio: Studio) -> Studio:
    """An invoice and its refund `re_1` of before the restore; its payment and the refund `re_2` of after it."""
    studio.session()
    studio.round()
    invoice_id = studio.invoice().invoice.invoice_id
    with studio.ledger.write() as uow:
        uow.operations.place_hold(CAUSE_RESTORED, "yesterday's", "olga", studio.clock.now())
        for refund_id, hours in (("re_1", 0), ("re_2", 1)):
            at = studio.clock.now() + timedelta(hours=hours)
            refund = RefundFact("stripe", refund_id, "pi_1", Money(1, "EUR"), RefundStatus.PENDING, "agreed", at)
            uow.settlements.keep_refund(refund, invoice_id, at)
        uow.operations.lift_hold(CAUSE_RESTORED, "olga", studio.clock.now())
    studio.clock.at += timedelta(hours=1)
    studio.pay_on_page()
    studio.round()
    return studio


def is_doubtful(
    studio: Studio, kind: EffectKind, purpose: str, subject: str = "", outcome_code: str | None = None
) -> bool:
    invoice_id = studio.invoice().invoice.invoice_id
    intent = Intent(kind, purpose, subject or invoice_id, {"invoice_id": invoice_id})
    with studio.ledger.write() as uow:
        uow.effects.intend(intent, studio.clock.now())
    [effect] = [one for one in studio.effects(kind) if one.effect_id == intent.effect_id]
    with studio.ledger.read() as uow:
        return perhaps_done_before_restore(uow, replace(effect, outcome_code=outcome_code))


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [(MAIL, "invoice"), (MAIL, "payment_failed"), (EffectKind.CHARGE, "autopay"), (EffectKind.REFUND, "command:1")],
)
def test_what_follows_from_an_invoice_of_before_is_doubtful(restored: Studio, kind: EffectKind, purpose: str) -> None:
    assert is_doubtful(restored, kind, purpose)


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [(MAIL, "gallery"), (EffectKind.GRANT, "vsco:g-1"), (EffectKind.PAY_LINK, "balance")],
)
def test_what_follows_from_a_payment_is_doubtful_only_if_it_was_paid_before(
    restored: Studio, kind: EffectKind, purpose: str
) -> None:
    assert not is_doubtful(restored, kind, purpose)

    with restored.ledger.write() as uow:
        uow.operations.place_hold(CAUSE_RESTORED, "today's", "olga", restored.clock.now())

    assert is_doubtful(restored, kind, purpose)


def test_a_mail_of_money_is_doubtful_by_the_day_of_that_money(restored: Studio) -> None:
    [payment] = restored.column("select payment_id from payments")

    assert not is_doubtful(restored, MAIL, "receipt", payment)
    assert not is_doubtful(restored, MAIL, "receipt", "pay_unknown")
    assert is_doubtful(restored, MAIL, "refund", "re_1")
    assert not is_doubtful(restored, MAIL, "refund", "re_2")
    assert not is_doubtful(restored, MAIL, "refund", "re_unknown")


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        (MAIL, "reminder:due_today"), (MAIL, "owner_alert"), (EffectKind.WRITE_BACK, "payment"),
        (EffectKind.CLOSE_PAY_LINK, "settled"), (EffectKind.REVOKE, "vsco:g-1"),
    ],
)  # fmt: skip
def test_what_may_be_done_again_is_never_doubtful(restored: Studio, kind: EffectKind, purpose: str) -> None:
    assert not is_doubtful(restored, kind, purpose)


def test_what_was_tried_since_is_known(restored: Studio) -> None:
    assert not is_doubtful(restored, EffectKind.CHARGE, "autopay", outcome_code="busy")


def test_without_a_restore_nothing_is_doubtful(studio: Studio) -> None:
    studio.session()
    studio.round()

    assert not is_doubtful(studio, EffectKind.CHARGE, "autopay")


def test_a_refund_that_was_made_is_done_though_it_would_not_be_made_any_more(studio: Studio) -> None:
    """What the provider lists comes before what we want: else money that went back would be taken for given up."""
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.ask("refund", number=number(studio), amount_minor=20_000)
    studio.gateway.line.fail("refund", UnknownOutcomeError("stripe_unknown", "The line dropped."), "after")
    studio.do(EffectKind.REFUND)
    studio.gateway.dispute("pi_1", inquiry=True)
    take_in(studio)

    studio.clock.go(days=2)
    studio.do(EffectKind.REFUND)

    [effect] = studio.effects(EffectKind.REFUND)
    assert (effect.state, effect.provider_reference) == (EffectState.DONE, "re_1")
    assert [refund.amount.minor for refund in studio.gateway.refunds.values()] == [20_000]


@pytest.mark.parametrize(("is_open", "expires_on"), [(True, None), (False, "2026-05-31")])
def test_a_gallery_that_was_open_before_the_restore_keeps_its_expiry(
    studio: Studio, is_open: bool, expires_on: str | None
) -> None:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    poll_events(studio.ctx)
    apply_events(studio.ctx)
    plan_grants(studio.ctx)
    studio.host.opened += ["g-j1"] * is_open
    with studio.ledger.write() as uow:
        uow.effects.doubt_all(RESTORED, "a backup", studio.clock.now())

    studio.do(EffectKind.GRANT)

    assert [effect.state for effect in studio.effects(EffectKind.GRANT)] == [EffectState.DONE]
    assert studio.column("select expires_on from grants") == [expires_on]


def test_a_page_in_doubt_that_is_not_wanted_any_more_is_looked_for_once_more(studio: Studio) -> None:
    """A request for it may still be under way, and nothing would close a page that comes of it."""
    studio.session()
    studio.bill()
    studio.gateway.line.fail("create_pay_link", UnknownOutcomeError("stripe_unknown", "The line dropped."))
    studio.do(EffectKind.PAY_LINK)
    studio.ask("void", number=number(studio))
    studio.clock.go(minutes=1)

    studio.do(EffectKind.PAY_LINK)

    [(code, not_before)] = studio.rows("select outcome_code, not_before from effects where kind = 'pay_link'")
    assert code == "never_created"
    assert datetime.fromisoformat(not_before) == studio.clock.now() + STILL_UNDER_WAY
