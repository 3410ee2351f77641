"""Payments on their way, pages for the same rest, and every order in which a story may be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studio import Studio
from test_money_back import eur, number, open_links, reminded, take_in

from billing.domain.payments import PaymentStatus
from billing.domain.settlements import DisputeStatus

pytestmark = pytest.mark.usefixtures("promises_are_kept")


def processing(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page()
    intent = studio.gateway.payments["pi_1"]
    intent.fact = replace(intent.fact, status=PaymentStatus.PROCESSING, amount=eur(0), captured_at=None)
    studio.gateway.events[-1] = replace(studio.gateway.events[-1], kind="payment_intent.processing")
    studio.round()
    studio.mailer.sent.clear()


def test_a_bank_debit_in_processing_is_not_paid_and_nobody_is_reminded_of_it(studio: Studio) -> None:
    processing(studio)

    assert studio.invoice().balance_minor == 50_000
    assert [reminded(studio, day) for day in (-7, 3)] == [[], []]

    intent = studio.gateway.payments["pi_1"]
    intent.fact = replace(
        intent.fact, status=PaymentStatus.SUCCEEDED, amount=eur(50_000), captured_at=studio.clock.now()
    )
    studio.gateway.tell("payment_intent.succeeded", "pi_1")
    studio.round()

    assert studio.invoice().balance_minor == 0
    assert studio.codes() == []


def test_a_bank_debit_that_comes_back_is_asked_for_on_a_new_page(studio: Studio) -> None:
    processing(studio)
    intent = studio.gateway.payments["pi_1"]
    intent.fact = replace(intent.fact, status=PaymentStatus.REQUIRES_CLIENT)
    studio.gateway.tell("payment_intent.payment_failed", "pi_1")
    studio.round()
    studio.round()

    assert open_links(studio) == ["500.00 EUR"]
    assert list(studio.gateway.links) == ["plink_1", "plink_2"]
    [told] = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("PaymentFailedMail")]
    assert "balance_minor=50000, pay_url='https://pay.example/plink_2', must_authenticate=False" in told.letter.text
    assert reminded(studio, 3) == ["first_notice"]


def test_the_same_rest_after_a_refund_is_asked_for_on_a_new_page(studio: Studio) -> None:
    studio.session()
    studio.round()
    for _ in range(2):
        studio.pay_on_page(minor=20_000)
        studio.round()
        studio.round()
        assert open_links(studio) == ["300.00 EUR"]
        studio.gateway.refund_elsewhere(f"pi_{len(studio.gateway.payments)}", eur(20_000))
        studio.round()
        studio.ask("resume_reminders", number=number(studio))
        studio.round()
        studio.round()
        assert open_links(studio) == ["500.00 EUR"]


STEPS: dict[str, Callable[[Studio, str], object]] = {
    "pay": lambda studio, invoice_id: studio.gateway.receive(invoice_id, eur(30_000)),
    "refund": lambda studio, _: studio.gateway.refund_elsewhere(_newest(studio), eur(4_000)),
    "return": lambda studio, _: studio.gateway.fail_refund(f"re_{len(studio.gateway.refunds)}"),
    "dispute": lambda studio, _: studio.gateway.dispute(_newest(studio)),
    "win": lambda studio, _: studio.gateway.end_dispute(f"dp_{len(studio.gateway.disputes)}", DisputeStatus.WON),
    "lose": lambda studio, _: studio.gateway.end_dispute(f"dp_{len(studio.gateway.disputes)}", DisputeStatus.LOST),
}
STORY = ["pay", "refund", "return", "refund", "pay", "dispute", "lose", "pay", "dispute", "win", "refund"]


def _newest(studio: Studio) -> str:
    return f"pi_{len(studio.gateway.payments)}"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_order_doubling_and_lateness_of_events_leave_the_same_books(studio: Studio, data: st.DataObject) -> None:
    job = f"j{len(studio.source.jobs)}"
    studio.session(job)
    studio.bill()
    gateway = studio.gateway
    told = len(gateway.events)
    for step in STORY:
        STEPS[step](studio, studio.invoice(job).invoice.invoice_id)
        if data.draw(st.booleans(), label=f"take in after {step}"):
            late = data.draw(st.permutations(gateway.events[told:]), label="order")
            gateway.events[told:] = late
            take_in(studio)
            told = len(gateway.events)
    take_in(studio)

    captured, refunded, lost = 3 * 30_000, 2 * 4_000, 30_000
    assert studio.invoice(job).balance_minor == max(0, 50_000 - captured + refunded + lost)
    with studio.ledger.read() as uow:
        assert -uow.journal.balance("client_credit", f"c-{job}") == max(0, captured - refunded - lost - 50_000)
