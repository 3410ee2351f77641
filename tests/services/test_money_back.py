"""Money that goes back, whoever asked for it: told once, in any order, and no client is asked for it by surprise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from studio import Studio

from billing.domain.effects import EffectKind
from billing.domain.money import Money
from billing.domain.settlements import DisputeStatus, RefundStatus
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.intake.apply_events import apply_events, poll_events

DUE_ON = date(2026, 3, 16)
ACCOUNTS = "select account, sum(amount_minor) from journal_entries group by account"


pytestmark = pytest.mark.usefixtures("promises_are_kept")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def accounts(studio: Studio) -> dict[str, int]:
    return {account: total for account, total in studio.rows(ACCOUNTS) if total}


def take_in(studio: Studio) -> None:
    poll_events(studio.ctx)
    apply_events(studio.ctx)


def number(studio: Studio) -> str:
    return str(studio.invoice().invoice.number)


def reminded(studio: Studio, day: int) -> list[str]:
    studio.until(DUE_ON + timedelta(days=day))
    before = len(studio.mailer.sent)
    plan_follow_ups(studio.ctx)
    studio.do(EffectKind.MAIL)
    subjects = [mail.letter.subject for mail in studio.mailer.sent[before:]]
    return [subject.split()[-1] for subject in subjects if subject.startswith("ReminderMail")]


def open_links(studio: Studio) -> list[str]:
    return [str(link["amount"]) for link in studio.gateway.links.values() if link["open"]]


def test_a_refund_in_stripes_dashboard_is_seen_and_asks_nobody_until_a_person_says_so(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(20_000))
    paid.round()

    assert paid.invoice().balance_minor == 20_000
    [sentence] = paid.open_items().values()
    assert f"200.00 EUR of invoice {number(paid)} to Ada j1 is owed again" in sentence
    assert f"`billing reminders resume {number(paid)}`" in sentence
    assert reminded(paid, 30) == []
    assert open_links(paid) == []

    paid.ask("resume_reminders", number=number(paid))
    paid.do(EffectKind.PAY_LINK)

    assert open_links(paid) == ["200.00 EUR"]
    assert reminded(paid, 31) == ["final_notice"]
    assert paid.codes() == []


def test_several_partial_refunds_are_one_each_by_their_own_ids(paid: Studio) -> None:
    for _ in range(2):
        paid.gateway.refund_elsewhere("pi_1", eur(5_000))
    paid.gateway.refund_elsewhere("pi_1", eur(7_000))
    paid.round()
    paid.gateway.tell("charge.refunded", "ch_pi_1", "pi_1")
    paid.round()

    assert paid.column("select amount_minor from refunds order by refund_id") == [5_000, 5_000, 7_000]
    assert paid.invoice().balance_minor == 17_000
    assert accounts(paid)["stripe_clearing"] == 33_000
    assert paid.codes() == ["refunded_elsewhere"]


def test_a_refund_told_before_its_payment_leaves_the_same_books(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.gateway.refund_elsewhere("pi_1", eur(50_000))
    studio.gateway.events.reverse()
    studio.round()

    assert studio.column("select kind from provider_events order by inbox_id") == [
        "charge.refunded",
        "payment_intent.succeeded",
    ]
    assert studio.column("select state from provider_events") == ["applied", "applied"]
    assert studio.invoice().balance_minor == 50_000
    assert accounts(studio) == {"receivable": 50_000, "revenue": -50_000}


def test_a_dispute_told_as_closed_before_it_was_opened_is_lost_all_the_same(paid: Studio) -> None:
    paid.gateway.dispute("pi_1")
    paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    paid.gateway.events[-2:] = reversed(paid.gateway.events[-2:])
    paid.round()

    assert paid.invoice().balance_minor == 50_000
    assert accounts(paid) == {"receivable": 50_000, "revenue": -50_000, "fees": 1_500, "stripe_clearing": -1_500}
    assert paid.codes() == ["dispute_lost"]
    assert reminded(paid, 30) == []


def test_while_a_dispute_is_open_its_money_is_held_apart_and_nobody_is_reminded(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page(minor=20_000)
    studio.round()
    studio.gateway.dispute("pi_1")
    studio.round()

    assert studio.invoice().balance_minor == 30_000
    assert accounts(studio)["disputed"] == 20_000
    [sentence] = studio.open_items().values()
    assert "disputes 200.00 EUR" in sentence
    assert "dp_1 in Stripe's dashboard by 2026-03-11" in sentence
    assert open_links(studio) == []
    assert reminded(studio, 3) == []

    studio.gateway.end_dispute("dp_1", DisputeStatus.WON)
    studio.round()
    studio.round()

    assert "disputed" not in accounts(studio)
    assert open_links(studio) == ["300.00 EUR"]
    assert reminded(studio, 4) == ["first_notice"]
    assert studio.codes() == []


def test_a_reminder_that_was_planned_is_not_sent_once_a_dispute_is_open(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page(minor=20_000)
    studio.round()
    studio.until(DUE_ON + timedelta(days=3))
    plan_follow_ups(studio.ctx)
    studio.gateway.dispute("pi_1")
    take_in(studio)
    studio.mailer.sent.clear()
    studio.do(EffectKind.MAIL)

    assert studio.mailer.sent == []
    assert studio.column("select outcome from effects where purpose like 'reminder:%'") == ["a dispute is open"]


def test_an_inquiry_moves_no_money_and_is_shown_until_it_is_closed(paid: Studio) -> None:
    paid.gateway.dispute("pi_1", inquiry=True)
    paid.round()

    assert "disputed" not in accounts(paid)
    assert paid.codes() == ["inquiry_open"]

    paid.gateway.end_dispute("dp_1", DisputeStatus.INQUIRY_CLOSED)
    paid.round()

    assert paid.codes() == []
    assert paid.invoice().balance_minor == 0


def test_an_inquiry_that_escalates_holds_the_money(paid: Studio) -> None:
    paid.gateway.dispute("pi_1", inquiry=True)
    paid.round()
    paid.gateway.escalate("dp_1")
    paid.round()

    assert accounts(paid)["disputed"] == 50_000
    assert paid.codes() == ["dispute_open"]


def test_a_partial_refund_then_a_lost_dispute_of_the_full_amount_is_owed_in_full_and_more(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(10_000))
    paid.round()
    paid.gateway.dispute("pi_1", eur(50_000))
    paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    paid.round()

    assert paid.invoice().balance_minor == 60_000
    assert accounts(paid)["stripe_clearing"] == 50_000 - 10_000 - 50_000 - 1_500


def test_a_lost_dispute_whose_money_was_not_told_yet_waits_for_it(paid: Studio) -> None:
    paid.gateway.dispute("pi_1")
    taken = paid.gateway.disputes["dp_1"]
    paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    paid.gateway.disputes["dp_1"] = replace(paid.gateway.disputes["dp_1"], movements=())
    paid.round()
    assert paid.invoice().balance_minor == 0
    assert "waiting" in paid.column("select state from provider_events")

    paid.gateway.disputes["dp_1"] = replace(paid.gateway.disputes["dp_1"], movements=taken.movements)
    paid.round()

    assert paid.invoice().balance_minor == 50_000
    assert "waiting" not in paid.column("select state from provider_events")


def test_money_that_comes_back_after_a_dispute_was_lost_pays_the_invoice_again(paid: Studio) -> None:
    paid.gateway.dispute("pi_1")
    paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    paid.round()
    paid.gateway.end_dispute("dp_1", DisputeStatus.WON)
    paid.round()

    assert paid.invoice().balance_minor == 0
    assert accounts(paid) == {"revenue": -50_000, "fees": 1_500, "stripe_clearing": 48_500}
    assert paid.codes() == []


def test_a_refund_that_the_clients_bank_returns_is_taken_back(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(20_000))
    paid.round()
    paid.gateway.fail_refund("re_1")
    paid.round()

    assert paid.invoice().balance_minor == 0
    assert accounts(paid)["stripe_clearing"] == 50_000
    assert paid.column("select status from refunds") == ["failed"]
    sentence = paid.open_items()["re_1", "refund_returned"]
    assert sentence.startswith("200.00 EUR of invoice INV-2026-0001 that were refunded did not reach Ada j1")
    assert "once more, with `billing refund INV-2026-0001 --amount 200.00`; or ask where to send them" in sentence


def test_a_refund_of_an_overpayment_takes_the_clients_credit_first(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page(minor=60_000)
    studio.round()
    assert studio.codes() == ["client_credit"]

    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    studio.round()

    assert studio.invoice().balance_minor == 0
    assert "client_credit" not in accounts(studio)
    assert studio.codes() == []


def test_of_an_invoice_paid_twice_either_payment_can_be_refunded_and_it_stays_paid(paid: Studio) -> None:
    paid.gateway.receive(paid.invoice().invoice.invoice_id, eur(50_000))
    paid.round()
    paid.gateway.refund_elsewhere("pi_1", eur(50_000))
    paid.round()

    assert paid.invoice().balance_minor == 0
    assert "client_credit" not in accounts(paid)
    assert paid.codes() == []


def test_an_event_three_days_late_after_a_void_gives_and_takes_the_clients_credit(studio: Studio) -> None:
    studio.session()
    studio.round()
    [link_id] = studio.gateway.links
    studio.gateway.pay(link_id)
    studio.gateway.refund_elsewhere("pi_1", eur(20_000))
    studio.clock.go(days=3)
    studio.ask("void", number=number(studio))
    studio.round()

    assert studio.invoice().balance_minor == 0
    assert accounts(studio) == {"stripe_clearing": 30_000, "client_credit": -30_000}
    assert studio.codes() == ["client_credit"]


def test_a_lost_dispute_of_a_void_invoice_is_what_the_client_owes_and_shown(paid: Studio) -> None:
    paid.ask("void", number=number(paid))
    paid.gateway.refund_elsewhere("pi_1", eur(50_000))
    paid.gateway.dispute("pi_1")
    paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    paid.round()

    assert paid.invoice().balance_minor == 0
    assert accounts(paid)["client_credit"] == 50_000
    assert "client_owes" in paid.codes()


def test_a_fee_told_late_is_posted_once(paid: Studio) -> None:
    movement = paid.gateway.payment_movements["pi_1"]
    with paid.ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from movements").scalar() == 1
    paid.session("j2")
    paid.round()
    paid.gateway.receive(paid.invoice("j2").invoice.invoice_id, eur(50_000))
    told_late = paid.gateway.payment_movements.pop("pi_2")
    paid.round()
    assert paid.column("select count(*) from movements") == [1]

    paid.gateway.payment_movements["pi_2"] = replace(told_late, fee=eur(725))
    for _ in range(2):
        paid.gateway.tell("charge.updated", "ch_pi_2", "pi_2")
        paid.round()

    assert accounts(paid)["fees"] == 725
    assert accounts(paid)["stripe_clearing"] == 100_000 - 725
    assert paid.column("select transaction_id from movements where movement_id = :m", m=movement.movement_id) == [
        f"paid:{paid.column('select payment_id from payments order by recorded_at')[0]}"
    ]


def test_a_movement_in_another_currency_is_kept_shown_and_not_posted(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(20_000))
    refund = paid.gateway.refunds["re_1"]
    dollars = replace(refund.movements[0], amount=Money(-23_000, "USD"), fee=Money(0, "USD"))
    paid.gateway.refunds["re_1"] = replace(refund, movements=(dollars,))
    paid.round()

    assert paid.invoice().balance_minor == 0
    assert paid.codes() == ["movement_currency"]
    assert paid.rows("select currency, transaction_id from movements where kind = 'refund'") == [("USD", None)]


def test_what_another_worker_read_earlier_takes_nothing_back(paid: Studio) -> None:
    paid.gateway.dispute("pi_1")
    early = paid.gateway.disputes["dp_1"]
    paid.gateway.end_dispute("dp_1", DisputeStatus.WON)
    paid.round()
    paid.gateway.disputes["dp_1"] = early
    paid.gateway.tell("charge.dispute.created", "dp_1", "pi_1")
    paid.round()

    assert paid.column("select status from disputes") == ["won"]
    assert paid.codes() == []


def test_a_refund_that_moved_no_money_yet_is_known_and_posts_nothing(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(20_000))
    refund = paid.gateway.refunds["re_1"]
    paid.gateway.refunds["re_1"] = replace(refund, status=RefundStatus.PENDING, movements=())
    paid.round()

    assert paid.column("select status from refunds") == ["pending"]
    assert paid.invoice().balance_minor == 0
    assert paid.codes() == []

    paid.gateway.refunds["re_1"] = refund
    paid.gateway.tell("refund.updated", "re_1", "pi_1")
    paid.round()

    assert paid.invoice().balance_minor == 20_000
