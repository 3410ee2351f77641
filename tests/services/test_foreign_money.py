"""540 USD come for an invoice of 500 EUR: nothing is asked for until a person has decided what that means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from studio import POLICY, Studio
from test_money_back import open_links, reminded

from billing.domain.effects import EffectKind
from billing.domain.money import Money
from billing.domain.settlements import DisputeStatus, MovementKind
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.reconcile import reconcile

pytestmark = pytest.mark.usefixtures("promises_are_kept")

NUMBER = "INV-2026-0001"
USD = Money(54_000, "USD")


@pytest.fixture
def undecided(studio: Studio) -> Studio:
    """The client has the invoice, and pays 540.00 USD for it."""
    studio.session()
    studio.round()
    receive(studio)
    return studio


def receive(studio: Studio, amount: Money = USD) -> str:
    event = studio.gateway.receive(studio.invoice().invoice.invoice_id, amount)
    studio.round()
    studio.round()
    return event.object_id


def invoice_id(studio: Studio) -> str:
    return studio.invoice().invoice.invoice_id


def test_a_person_is_asked_with_both_amounts_and_every_way_out(undecided: Studio) -> None:
    [((subject, code), sentence)] = undecided.open_items().items()

    assert (subject, code) == (invoice_id(undecided), "paid_in_another_currency")
    assert sentence == (
        f"540.00 USD came from Ada j1 for invoice {NUMBER}, of which 500.00 EUR are owed: that settles nothing, and"
        f" nothing is asked for until you decide. Refund it in Stripe's dashboard; or keep it, and give up what is owed"
        f" with `billing write-off {NUMBER}`; or ask for EUR all the same with `billing reminders resume {NUMBER}`."
    )


def test_nothing_is_asked_for_until_then(undecided: Studio) -> None:
    assert undecided.invoice().balance_minor == 50_000
    assert open_links(undecided) == []
    for day in (0, 3, 7, 14, 30, 60):
        assert reminded(undecided, day) == []
        undecided.round()

    assert open_links(undecided) == []
    assert undecided.codes() == ["paid_in_another_currency"]
    assert {one.cause for one in reconcile(undecided.ctx, "stripe").differences} == set()


@pytest.mark.parametrize("how", ["resume", "resolve"])
def test_once_a_person_says_so_it_is_asked_for_and_the_rest_is_the_clients(undecided: Studio, how: str) -> None:
    if how == "resume":
        undecided.ask("resume_reminders", number=NUMBER)
    else:
        undecided.ask("resolve", subject=invoice_id(undecided), code="paid_in_another_currency")
    undecided.round()

    assert open_links(undecided) == ["500.00 EUR"]
    [((_, code), sentence)] = undecided.open_items().items()
    assert code == "client_credit"
    assert sentence.startswith("540.00 USD of payment pi_1 is Ada j1's credit, because invoice INV-2026-0001 is in EUR")
    assert len(reminded(undecided, 0)) == 1


def test_a_refund_of_all_of_it_ends_the_question_and_the_client_is_asked_again(undecided: Studio) -> None:
    undecided.gateway.refund_elsewhere("pi_1", Money(14_000, "USD"))
    undecided.round()
    assert undecided.codes() == ["paid_in_another_currency"]

    undecided.gateway.refund_elsewhere("pi_1", Money(40_000, "USD"))
    undecided.round()
    undecided.round()

    assert undecided.codes() == []
    assert open_links(undecided) == ["500.00 EUR"]
    assert len(reminded(undecided, 0)) == 1


def test_a_refund_that_moves_the_balance_in_euro_ends_the_question_too(undecided: Studio) -> None:
    undecided.gateway.refund_elsewhere("pi_1", USD)
    [refund] = undecided.gateway.refunds.values()
    moved = undecided.gateway.move(MovementKind.REFUND, refund.refund_id, Money(-49_000, "EUR"))
    undecided.gateway.refunds[refund.refund_id] = replace(refund, movements=(moved,))
    undecided.round()

    assert undecided.codes() == ["movement_currency"]  # booked by hand; the question itself is over


def test_a_lost_dispute_takes_it_back_and_ends_the_question(undecided: Studio) -> None:
    undecided.gateway.dispute("pi_1")
    undecided.round()
    assert sorted(undecided.codes()) == ["dispute_open", "paid_in_another_currency"]
    undecided.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    undecided.round()
    undecided.round()

    assert undecided.codes() == []
    assert open_links(undecided) == ["500.00 EUR"]


@pytest.mark.parametrize(
    "act",
    [
        lambda studio: studio.pay_by_cheque(),
        lambda studio: studio.ask("write_off", number=NUMBER),
        lambda studio: studio.ask("credit", number=NUMBER),
        lambda studio: studio.ask("void", number=NUMBER),
    ],
)
def test_where_nothing_is_owed_any_more_what_came_is_the_clients(
    undecided: Studio, act: Callable[[Studio], object]
) -> None:
    act(undecided)
    undecided.round()

    [((subject, code), sentence)] = undecided.open_items().items()
    [payment_id] = undecided.column("select payment_id from payments where currency = 'USD'")
    assert (subject, code) == (payment_id, "client_credit")
    assert "540.00 USD of payment pi_1 is Ada j1's credit" in sentence
    undecided.gateway.refund_elsewhere("pi_1", USD)
    undecided.round()
    assert undecided.codes() == []


def test_the_task_says_what_is_owed_after_a_part_was_paid_or_credited(undecided: Studio) -> None:
    undecided.pay_by_cheque(minor=20_000)
    undecided.ask("credit", number=NUMBER, amount_minor=5_000)
    undecided.round()

    [sentence] = undecided.open_items().values()
    assert "of which 250.00 EUR are owed" in sentence
    assert open_links(undecided) == []
    [receipt] = [mail for mail in undecided.mailer.sent if mail.letter.subject.startswith("ReceiptMail")]
    assert "owed=None" in receipt.letter.text


def test_more_of_it_is_one_task(undecided: Studio) -> None:
    receive(undecided, Money(1_000, "USD"))

    [sentence] = undecided.open_items().values()
    assert sentence.startswith("540.00 USD and 10.00 USD came from Ada j1")


def test_what_came_for_an_invoice_that_is_paid_or_void_is_the_clients_at_once(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_by_cheque()
    receive(studio)

    assert studio.codes() == ["client_credit"]


def test_a_pause_by_a_person_outlives_the_question(undecided: Studio) -> None:
    undecided.ask("pause_reminders", number=NUMBER)
    undecided.gateway.refund_elsewhere("pi_1", USD)
    undecided.round()

    assert undecided.codes() == []
    assert reminded(undecided, 3) == []
    assert open_links(undecided) == []


def test_a_page_that_was_being_made_meanwhile_is_not_left_open(studio: Studio) -> None:
    studio.session()
    studio.bill()
    studio.gateway.receive(invoice_id(studio), USD)
    studio.round()
    studio.round()

    assert open_links(studio) == []


def test_a_card_is_not_charged_while_a_person_decides(studio: Studio) -> None:
    studio.policy = replace(POLICY, autopay_notice_days=3)
    studio.autopay()
    studio.round()
    receive(studio)
    for day in (5, 6):
        studio.clock.at = datetime(2026, 3, day, 9, tzinfo=UTC)
        studio.round()
    assert studio.gateway.captured(invoice_id(studio)) == [54_000]  # USD, and nothing from the card

    studio.ask("resume_reminders", number=NUMBER)
    studio.round()

    assert studio.gateway.captured(invoice_id(studio)) == [54_000, 50_000]


def test_a_charge_at_once_waits_too_if_the_money_comes_first(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.receive(invoice_id(studio), USD)
    studio.do(EffectKind.MAIL)
    poll_events(studio.ctx)
    apply_events(studio.ctx)
    studio.do(EffectKind.CHARGE)

    assert studio.gateway.captured(invoice_id(studio)) == [54_000]


def test_a_refund_of_the_invoice_never_adds_up_two_currencies(undecided: Studio) -> None:
    undecided.ask("resume_reminders", number=NUMBER)
    undecided.round()
    undecided.pay_on_page()
    undecided.round()

    refused = undecided.ask("refund", number=NUMBER, amount_minor=60_000)
    assert refused == (
        f"Of {NUMBER} only 500.00 EUR, not 600.00 EUR, can go back through Stripe. 540.00 USD came in another currency:"
        " refund that in Stripe's dashboard."
    )
    assert undecided.ask("refund", number=NUMBER) == f"500.00 EUR of {NUMBER} go back to Ada j1."


def test_a_void_invoice_names_the_credit_of_each_currency_by_itself(undecided: Studio) -> None:
    undecided.pay_by_cheque(minor=10_000)
    outcome = undecided.ask("void", number=NUMBER)

    assert outcome.startswith(f"{NUMBER} is void. 100.00 EUR that were paid on it are Ada j1's credit")
    assert sorted(undecided.codes()) == ["client_credit", "client_credit"]
    said = " ".join(undecided.open_items().values())
    assert "540.00 USD of payment pi_1" in said
    assert "100.00 EUR that Ada j1 paid" in said
