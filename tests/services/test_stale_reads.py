"""What was read before a call outside is read again before it is acted upon, as another worker may have been there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from studio import Studio
from test_money_back import eur, open_links, reminded, take_in
from test_money_orders import processing

from billing.domain.effects import EffectKind, EffectState, Outcome
from billing.domain.payments import PaymentStatus, Refusal
from billing.domain.settlements import DisputeStatus
from billing.services.effects import executor
from billing.services.effects.grant import plan_grants
from billing.services.effects.janitor import show_stuck
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.intake.observe_sessions import observe_jobs
from billing.services.invoicing.issue_invoices import bill_due_sessions

pytestmark = pytest.mark.usefixtures("promises_are_kept")


def meanwhile(outside: Any, call: str, other: Callable[[], object]) -> None:
    """In the midst of our next such call, when the answer is there and we have not heard it, another worker acts."""
    real = getattr(outside, call)

    def slow(*arguments: Any) -> Any:
        setattr(outside, call, real)
        answer = real(*arguments)
        other()
        return answer

    setattr(outside, call, slow)


@pytest.mark.parametrize("what", ["consent", "cheque"])
def test_no_card_is_charged_whose_consent_or_debt_went_while_the_charge_was_prepared(studio: Studio, what: str) -> None:
    studio.autopay()
    studio.bill()

    def other() -> None:
        if what == "consent":
            studio.ask("revoke_consent", client_id="c-j1")
        else:
            studio.pay_by_cheque()

    meanwhile(studio.gateway, "prepare_charge", other)
    studio.do(EffectKind.CHARGE)

    assert studio.gateway.payments["pi_1"].fact.status is PaymentStatus.CANCELED
    assert not studio.gateway.payments["pi_1"].fact.amount


def test_who_read_that_a_debit_is_processing_does_not_undo_that_it_failed(studio: Studio) -> None:
    processing(studio)
    studio.gateway.tell("charge.updated", "ch_pi_1", "pi_1")
    poll_events(studio.ctx)

    def other() -> None:
        intent = studio.gateway.payments["pi_1"]
        intent.fact = replace(intent.fact, status=PaymentStatus.REQUIRES_CLIENT)
        studio.gateway.tell("payment_intent.payment_failed", "pi_1")
        take_in(studio)

    meanwhile(studio.gateway, "read_story", other)
    apply_events(studio.ctx)
    studio.round()
    studio.round()

    assert reminded(studio, 3) == ["first_notice"]


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_debit_by_autopay_that_is_asked_about_before_its_event_comes_is_over(studio: Studio, ends_well: bool) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = PaymentStatus.PROCESSING
    studio.round()
    studio.gateway.tell("payment_intent.processing", "pi_1")
    studio.round()
    studio.clock.go(days=1)
    intent = studio.gateway.payments["pi_1"]
    if ends_well:
        intent.fact = replace(intent.fact, status=PaymentStatus.UNCONFIRMED)
        studio.gateway._capture("pi_1")
        studio.gateway.tell("payment_intent.succeeded", "pi_1")
    else:
        refused = Refusal("debit_not_authorized")
        intent.fact = replace(intent.fact, status=PaymentStatus.REQUIRES_CLIENT, refused=refused)
        studio.gateway.tell("payment_intent.payment_failed", "pi_1")
    studio.do(EffectKind.CHARGE, EffectKind.PAY_LINK, EffectKind.MAIL)
    studio.round()
    studio.round()

    assert open_links(studio) == ([] if ends_well else ["500.00 EUR"])
    assert len(studio.gateway.links) == len(open_links(studio))
    assert studio.column("select value from cursors where name like 'processing:%'") == [""]


def test_a_page_that_was_given_up_for_what_has_ended_meanwhile_is_made_after_all(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page(minor=20_000)
    take_in(studio)
    studio.gateway.dispute("pi_1", inquiry=True)
    take_in(studio)
    real = executor.record

    def other_is_faster(*arguments: Any) -> EffectState:
        monkeypatch.setattr(executor, "record", real)
        outcome: Outcome = arguments[3]
        assert outcome.state is EffectState.CANCELLED
        studio.gateway.end_dispute("dp_1", DisputeStatus.INQUIRY_CLOSED)
        take_in(studio)
        return real(*arguments)

    monkeypatch.setattr(executor, "record", other_is_faster)
    studio.do(EffectKind.PAY_LINK)
    studio.round()
    studio.round()

    assert open_links(studio) == ["300.00 EUR"]


def test_a_gallery_whose_closing_was_given_up_closes_when_the_money_goes_back_again(studio: Studio) -> None:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.round()
    studio.clock.go(minutes=1)
    studio.gateway.refund_elsewhere("pi_1", eur(50_000))
    take_in(studio)
    studio.gateway.receive(studio.invoice().invoice.invoice_id, eur(50_000))
    take_in(studio)
    studio.round()
    [closing] = studio.effects(EffectKind.REVOKE)
    assert closing.state is EffectState.CANCELLED

    studio.gateway.refund_elsewhere("pi_2", eur(50_000))
    studio.round()
    studio.round()

    [closing] = studio.effects(EffectKind.REVOKE)
    assert closing.state is EffectState.DONE


def test_a_client_who_paid_again_is_told_of_the_gallery_that_stays_open(studio: Studio) -> None:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    take_in(studio)
    plan_grants(studio.ctx)
    studio.do(EffectKind.GRANT)
    studio.clock.go(minutes=1)
    studio.gateway.refund_elsewhere("pi_1", eur(50_000))
    take_in(studio)
    studio.gateway.receive(studio.invoice().invoice.invoice_id, eur(50_000))
    take_in(studio)
    for _ in range(3):
        studio.round()

    assert sum(subject.startswith("GalleryMail") for subject in studio.mailer.subjects()) == 1


def test_a_session_that_was_mended_while_it_was_priced_is_billed_by_the_next_round(studio: Studio) -> None:
    good = studio.session()
    studio.source.put(replace(good, client=replace(good.client, emails=())))
    studio.observe()
    studio.clock.go(minutes=1)

    def sensor() -> None:
        studio.source.put(good, modified_at=studio.clock.now())
        observe_jobs(studio.ctx)

    meanwhile(studio.source, "read_session", sensor)
    bill_due_sessions(studio.ctx)
    studio.round()

    assert studio.state_of() == "billed"
    assert studio.codes() == []


def test_what_is_done_while_it_is_looked_at_is_not_shown_as_stuck(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.session()
    studio.bill()
    studio.clock.go(days=2)

    def other_first() -> Any:
        monkeypatch.undo()
        studio.do(EffectKind.PAY_LINK)
        return studio.ledger.write()

    monkeypatch.setattr(studio.ledger, "write", other_first)

    assert show_stuck(studio.ctx) == 0
    assert studio.codes() == []
