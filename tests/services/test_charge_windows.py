"""Wherever a charge is interrupted, the card is charged once, or by evidence not at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fakes import Crash
from studio import Studio, order

from billing.domain.effects import EffectKind
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus, Refusal
from billing.services.collections.record_payments import record_captured
from billing.services.intake.observe_sessions import shared_records
from billing.services.invoicing.draft_invoices import draft_session
from billing.services.invoicing.issue_invoices import Billed, bill_session

UNCLEAR = UnknownOutcomeError("stripe_unknown", "The line was cut.")
UNREACHABLE = TemporaryError("stripe_unreachable", "Stripe could not be reached.")


def charge_states(studio: Studio) -> list[str]:
    return [effect.state.value for effect in studio.effects(EffectKind.CHARGE)]


def captured(studio: Studio) -> list[int]:
    return studio.gateway.captured(studio.invoice().invoice.invoice_id)


def recover(studio: Studio) -> None:
    """The worker is gone: its lease runs out, and the pipeline goes on, twice."""
    for _ in range(3):
        studio.clock.go(minutes=10)
        studio.round()


@pytest.mark.parametrize(
    ("call", "when"),
    [
        ("prepare_charge", "before"),
        ("prepare_charge", "after"),
        ("confirm_charge", "before"),
        ("confirm_charge", "after"),
    ],
)
@pytest.mark.parametrize("error", [Crash(), UNCLEAR, UNREACHABLE, RuntimeError("no idea")])
def test_a_charge_that_is_interrupted_captures_once(studio: Studio, call: str, when: str, error: BaseException) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail(call, error, when)

    try:
        studio.do(EffectKind.CHARGE)
    except Crash:
        assert charge_states(studio) == ["in_flight"]
    recover(studio)

    assert captured(studio) == [50_000]
    assert charge_states(studio) == ["done"]
    assert studio.invoice().balance_minor == 0
    assert studio.column("select count(*) from payments") == [1]
    assert studio.codes() == []


def test_a_crash_while_recording_a_charge_records_it_once_later(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", Crash(), "after")
    with pytest.raises(Crash):
        studio.do(EffectKind.CHARGE)

    recover(studio)
    recover(studio)

    assert captured(studio) == [50_000]
    assert len(studio.gateway.payments) == 1


def test_asking_that_fails_says_nothing_about_the_charge(studio: Studio) -> None:
    """A wrong key or an unreachable provider must not make a captured charge fail, and be paid by link as well."""
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", UNCLEAR, "after")
    studio.do(EffectKind.CHARGE)
    refused = PermanentError("stripe_unauthorized", "The key is revoked.")
    for error in (refused, UNREACHABLE, UNCLEAR, RuntimeError("no idea")):
        studio.gateway.line.fail("read_payment", error)
        studio.clock.go(days=1)
        studio.do(EffectKind.CHARGE)

        assert charge_states(studio) == ["unknown"]
        assert studio.codes() == ["effect_unknown"]
    assert studio.gateway.links == {}
    studio.clock.go(days=1)
    studio.do(EffectKind.CHARGE)

    assert charge_states(studio) == ["done"]
    assert studio.codes() == []


def test_a_question_without_answer_is_asked_again_later_and_not_at_once(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = PaymentStatus.PROCESSING
    studio.bill()
    studio.do(EffectKind.CHARGE)
    studio.clock.go(minutes=1)
    for _ in range(4):
        studio.do(EffectKind.CHARGE)

    asked = studio.gateway.line.calls.count("read_payment")

    assert asked == 1
    assert charge_states(studio) == ["unknown"]


def test_a_bank_debit_that_is_processing_is_not_paid(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = PaymentStatus.PROCESSING
    studio.round()

    assert studio.invoice().balance_minor == 50_000
    assert captured(studio) == []
    assert studio.gateway.links == {}


@pytest.mark.parametrize("code", ["insufficient_funds", "lost_card", "expired_card", "authentication_required"])
def test_a_refused_card_becomes_a_pay_link_and_a_mail(studio: Studio, code: str) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = Refusal(code)
    studio.round()

    failed = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("PaymentFailedMail")]

    assert charge_states(studio) == ["failed"]
    assert [link["open"] for link in studio.gateway.links.values()] == [True]
    assert len(failed) == 1
    assert f"must_authenticate={code == 'authentication_required'}" in failed[0].letter.text
    assert studio.codes() == []


def test_a_refused_card_is_not_tried_again_even_if_asked_for(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = Refusal("lost_card")
    studio.round()
    [charge] = studio.effects(EffectKind.CHARGE)

    outcome = studio.ask("retry", effect_id=charge.effect_id)
    studio.round()

    assert "not tried again" in outcome
    assert charge_states(studio) == ["failed"]
    assert studio.gateway.line.calls.count("confirm_charge") == 1


def test_without_consent_nobody_is_charged(studio: Studio) -> None:
    studio.session(collection_preference="autopay")
    studio.round()

    assert studio.effects(EffectKind.CHARGE) == []
    assert len(studio.gateway.links) == 1


def test_a_consent_without_the_wish_for_autopay_charges_nobody(studio: Studio) -> None:
    studio.consent()
    studio.session()
    studio.round()

    assert studio.effects(EffectKind.CHARGE) == []


def test_a_consent_revoked_before_the_charge_cancels_it_and_sends_a_link(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.ask("revoke_consent", client_id="c-j1")
    studio.round()

    assert charge_states(studio) == ["cancelled"]
    assert studio.gateway.payments == {}
    assert [link["open"] for link in studio.gateway.links.values()] == [True]
    assert studio.mailer.subjects() == ["InvoiceMail INV-2026-0001"]  # no card was tried, and the mail has the page


def test_a_consent_replaced_by_another_card_cancels_the_charge_of_the_old_one(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.consent(method="pm_2")
    studio.do(EffectKind.CHARGE)

    assert charge_states(studio) == ["cancelled"]


def test_a_prepared_charge_that_is_unwanted_by_now_is_ended_at_the_provider(studio: Studio) -> None:
    """A worker that was suspended before confirming must find nothing to confirm when it wakes."""
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", Crash())
    with pytest.raises(Crash):
        studio.do(EffectKind.CHARGE)
    studio.ask("revoke_consent", client_id="c-j1")

    recover(studio)

    assert charge_states(studio) == ["cancelled"]
    assert [intent.fact.status for intent in studio.gateway.payments.values()] == [PaymentStatus.CANCELED]
    assert captured(studio) == []


def test_a_charge_that_succeeded_before_it_could_be_ended_is_recorded(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", UNREACHABLE)
    studio.do(EffectKind.CHARGE)
    studio.ask("revoke_consent", client_id="c-j1")
    [payment_id] = studio.gateway.payments
    studio.gateway.confirm_charge(payment_id, "a worker that was late")

    studio.clock.go(minutes=5)
    studio.do(EffectKind.CHARGE)

    assert charge_states(studio) == ["done"]
    assert studio.invoice().balance_minor == 0


def test_of_several_payments_under_one_key_the_one_that_moved_money_counts(studio: Studio) -> None:
    """The provider may forget a key after a day; then a second payment is made beside the first."""
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("prepare_charge", UNCLEAR, "after")
    studio.do(EffectKind.CHARGE)
    first = studio.gateway.payments["pi_1"]
    second = replace(first, fact=replace(first.fact, payment_id="pi_9"))
    studio.gateway.payments["pi_9"], studio.gateway.cards["pi_9"] = second, PaymentStatus.SUCCEEDED
    studio.gateway.confirm_charge("pi_9", "late")

    studio.clock.go(minutes=10)
    studio.do(EffectKind.CHARGE)

    assert captured(studio) == [50_000]
    assert charge_states(studio) == ["done"]


def test_two_workers_charge_once(studio: Studio) -> None:
    studio.concurrency = 4
    for number in range(6):
        studio.autopay(f"j{number}")
    studio.bill()

    _at_once(lambda: studio.do(EffectKind.CHARGE), workers=3)
    studio.round()

    assert sorted(studio.column("select amount_minor from payments")) == [50_000] * 6
    assert studio.gateway.line.calls.count("confirm_charge") == 6


def _at_once(call: Callable[[], object], workers: int) -> None:
    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(call) for _ in range(workers)]:
            future.result()


def test_a_late_worker_finds_its_lease_lost_before_it_confirms(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    with studio.ledger.write() as uow:
        now = studio.clock.now()
        [late] = uow.effects.claim([EffectKind.CHARGE], "late", now, now, 1)
    studio.clock.go(minutes=1)
    studio.do(EffectKind.CHARGE)

    with pytest.raises(PermanentError, match="held by another worker"), studio.ledger.write() as uow:
        uow.effects.note_reference(late, "pi_late")
    assert captured(studio) == [50_000]


def test_a_charge_that_another_payment_has_made_needless_is_cancelled(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.pay_by_cheque()
    studio.round()

    assert charge_states(studio) == ["cancelled"]
    assert studio.gateway.links == {}


def test_of_what_is_paid_in_part_otherwise_while_a_charge_waits_the_card_is_charged_with_the_rest(
    studio: Studio,
) -> None:
    studio.autopay()
    studio.bill()
    studio.pay_by_cheque(minor=20_000)
    studio.round()

    assert captured(studio) == [30_000]
    assert studio.gateway.links == {}
    assert sorted(charge_states(studio)) == ["cancelled", "done"]


def test_what_the_provider_does_not_call_captured_is_no_payment(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    payment_id = studio.gateway.prepare_charge(
        studio.invoice().invoice, Money(50_000, "EUR"), _method(studio), "charge:autopay:test"
    )
    with studio.ledger.write() as uow:
        fact = studio.gateway.read_payment(payment_id)

        assert not record_captured(uow, fact, "autopay", studio.policy, studio.clock.now())


def _method(studio: Studio) -> object:
    with studio.ledger.read() as uow:
        return uow.payments.consent("c-j1")


def test_a_consent_that_is_gone_by_the_time_of_finalizing_makes_an_invoice_with_a_link(studio: Studio) -> None:
    studio.autopay("j1", order("o1"))
    studio.observe()
    with studio.ledger.read() as uow:
        [session] = uow.sessions.in_state("due")
    drafted = draft_session(studio.ctx, session, shared_records(studio.ctx))
    studio.ask("revoke_consent", client_id="c-j1")

    bill_session(studio.ctx, session, drafted, Billed())

    invoice = studio.invoice().invoice
    assert invoice.collection.value == "invoice"
    assert invoice.card_label is None
    assert (invoice.due_on - invoice.issued_on).days == 14
    assert [effect.kind for effect in studio.effects()] == [EffectKind.PAY_LINK]
