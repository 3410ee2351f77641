"""Every act that changes what is owed is told to the client at once: the new amount, a way to pay, one mail an act."""

from __future__ import annotations

from dataclasses import replace

import pytest
from studio import Studio
from test_money_back import eur, number, open_links, take_in

from billing.adapters.ledger.overview import Overview
from billing.cli.history import history_text
from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import TemporaryError
from billing.domain.money import Money
from billing.domain.policy import DailyLimits
from billing.domain.settlements import DisputeStatus
from billing.services.commands.carry_out import carry_out_commands, submit
from billing.services.safety.restore import mark_restored, reconcile_restored

pytestmark = pytest.mark.usefixtures("promises_are_kept")


@pytest.fixture
def billed(studio: Studio) -> Studio:
    studio.session()
    studio.round()
    return quiet(studio)


@pytest.fixture
def paid(studio: Studio) -> Studio:
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.round()
    return quiet(studio)


def quiet(studio: Studio) -> Studio:
    studio.mailer.sent.clear()
    studio.clock.go(minutes=1)
    return studio


def rounds(studio: Studio, times: int = 3) -> list[str]:
    """What goes out in the next rounds: kind and what it says is owed, and whether there is a way to pay."""
    for _ in range(times):
        studio.round()
        studio.clock.go(minutes=1)
    told = [_told(mail.letter.subject, mail.letter.text) for mail in studio.mailer.sent]
    studio.mailer.sent.clear()
    return told


def _told(subject: str, text: str) -> str:
    kind = subject.split()[0].removesuffix("Mail")
    void = " void" if "is_void=True" in text else ", as before" if "is_another_amount=False" in text else ""
    owed = text.partition("balance_minor=")[2].partition(",")[0] or "nothing of it"
    way = text.partition("pay_url='https://pay.example/")[2].partition("'")[0]
    return f"{kind}{void}: {owed}{f' on {way}' if way else ''}"


def test_a_part_that_is_credited_is_told_with_the_page_for_the_rest(billed: Studio) -> None:
    billed.ask("credit", number=number(billed), amount_minor=5_000)

    assert rounds(billed) == ["Balance: 45000 on plink_2"]
    assert open_links(billed) == ["450.00 EUR"]


def test_a_page_that_takes_time_is_waited_for_but_not_for_ever(billed: Studio) -> None:
    billed.gateway.line.fail("create_pay_link", TemporaryError("down", "Stripe is down."), times=50)
    billed.ask("write_off", number=number(billed), amount_minor=5_000)

    told = []
    for _ in range(6):
        told += rounds(billed, times=1)
        billed.clock.go(hours=1)
    assert told == ["Balance: 45000"]


@pytest.mark.parametrize("act", ["credit", "write_off"])
def test_who_owes_nothing_any_more_is_told_that(billed: Studio, act: str) -> None:
    billed.ask(act, number=number(billed))

    assert rounds(billed) == ["Balance: 0"]
    assert open_links(billed) == []


def test_who_has_a_void_invoice_is_told_that_it_need_not_be_paid(billed: Studio) -> None:
    billed.ask("void", number=number(billed))

    assert rounds(billed) == ["Balance void: 0"]


def test_what_was_paid_on_an_invoice_that_is_void_is_named(paid: Studio) -> None:
    paid.ask("void", number=number(paid))
    paid.round()

    [told] = [mail.letter.text for mail in paid.mailer.sent]
    assert "paid_minor=50000, is_void=True, balance_minor=0, pay_url=None" in told


@pytest.mark.parametrize("by_hand", [{}, {"by_hand": "cash"}])
@pytest.mark.parametrize(("still_owed", "told"), [({}, "Refund: 0"), ({"still_owed": 1}, "Refund: 20000 on plink_2")])
def test_a_refund_tells_of_itself_and_leads_to_what_is_owed_after_it(
    paid: Studio, still_owed: dict[str, int], told: str, by_hand: dict[str, str]
) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000, **still_owed, **by_hand)

    assert rounds(paid) == [told]


def test_a_payment_tells_of_itself(billed: Studio) -> None:
    billed.pay_by_cheque(minor=20_000)

    assert rounds(billed) == ["Receipt: 30000 on plink_2"]


class TestOwedAgain:
    """Money went back without our asking: the client hears what they owe when a person has decided that they do."""

    @pytest.fixture
    def owed_again(self, paid: Studio) -> Studio:
        paid.gateway.refund_elsewhere("pi_1", eur(20_000))
        assert rounds(paid) == ["Refund: nothing of it"]
        assert paid.codes() == ["refunded_elsewhere"]
        return paid

    def test_resuming_asks_at_once(self, owed_again: Studio) -> None:
        owed_again.ask("resume_reminders", number=number(owed_again))

        assert rounds(owed_again) == ["Balance: 20000 on plink_2"]

    def test_giving_it_up_is_no_news_to_who_was_told_that_all_is_paid(self, owed_again: Studio) -> None:
        owed_again.ask("write_off", number=number(owed_again))

        assert rounds(owed_again) == []

    def test_a_part_is_not_asked_for_before_it_is_decided(self, owed_again: Studio) -> None:
        owed_again.ask("credit", number=number(owed_again), amount_minor=5_000)
        assert rounds(owed_again) == []

        owed_again.ask("resume_reminders", number=number(owed_again))
        assert rounds(owed_again) == ["Balance: 15000 on plink_2"]

    def test_a_void_is_told_all_the_same(self, owed_again: Studio) -> None:
        owed_again.ask("void", number=number(owed_again))

        assert rounds(owed_again) == ["Balance void: 0"]

    def test_a_mail_on_its_way_waits_for_the_decision(self, paid: Studio) -> None:
        paid.ask("refund", number=number(paid), amount_minor=10_000, still_owed=1)
        rounds(paid)
        paid.ask("credit", number=number(paid), amount_minor=1_000)
        paid.gateway.refund_elsewhere("pi_1", eur(20_000))
        take_in(paid)

        assert rounds(paid) == ["Refund: nothing of it"]


def test_a_bank_that_gives_back_what_it_took_is_told_to_who_was_asked_again(paid: Studio) -> None:
    paid.gateway.dispute("pi_1")
    rounds(paid)
    paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    rounds(paid)
    paid.ask("resume_reminders", number=number(paid))
    assert rounds(paid) == ["Balance: 50000 on plink_2"]
    paid.gateway.end_dispute("dp_1", DisputeStatus.WON)

    assert rounds(paid) == ["Balance: 0"]


def test_a_bank_that_gives_back_what_it_took_is_no_news_to_who_was_not_asked(paid: Studio) -> None:
    paid.gateway.dispute("pi_1")
    rounds(paid)
    paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    rounds(paid)
    paid.gateway.end_dispute("dp_1", DisputeStatus.WON)

    assert rounds(paid) == []


def test_a_refund_that_comes_back_closes_what_was_asked_for_after_it(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000, still_owed=1)
    assert rounds(paid) == ["Refund: 20000 on plink_2"]
    paid.gateway.fail_refund("re_1")

    assert rounds(paid) == ["Balance: 0"]
    assert open_links(paid) == []


class TestNotKnown:
    """Who never heard of the invoice hears what is owed from the invoice itself."""

    @pytest.mark.parametrize("act", ["credit", "write_off"])
    def test_an_invoice_that_still_waits_says_it(self, studio: Studio, act: str) -> None:
        studio.policy = replace(studio.policy, limits=DailyLimits(mails=1))
        studio.session("j0")
        studio.round()
        studio.session()
        studio.round()
        quiet(studio)
        studio.ask(act, number=number(studio), amount_minor=5_000)
        assert rounds(studio) == []
        studio.ask("raise_limit", what="mails", to=9)

        assert rounds(studio) == ["Invoice: 45000 on plink_3"]

    def test_of_a_void_one_nothing_is_ever_heard(self, studio: Studio) -> None:
        studio.mailer.gone.add("j1@example.com")
        studio.session()
        studio.round()
        studio.ask("void", number=number(studio))

        assert rounds(studio) == []
        assert studio.codes() == []

    def test_what_was_perhaps_read_counts_as_read(self, studio: Studio) -> None:
        studio.session()
        studio.bill()
        studio.do(EffectKind.PAY_LINK)
        studio.round()
        [mail] = studio.effects(EffectKind.MAIL)
        with studio.ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.exec_driver_sql("delete from mails_sent")
            unknown = "update effects set state = 'unknown', unknown_since = created_at where kind = 'mail'"
            connection.exec_driver_sql(unknown)
        quiet(studio)
        studio.ask("void", number=number(studio))

        assert rounds(studio) == ["Balance void: 0"]
        studio.ask("settle", effect_id=mail.effect_id, happened="yes")


class TestOnce:
    """One mail an act, and none that says what was said already."""

    def test_two_acts_before_a_mail_goes_out_are_told_together(self, billed: Studio) -> None:
        for minor in (5_000, 7_000):
            billed.ask("credit", number=number(billed), amount_minor=minor)
            billed.clock.go(seconds=1)

        assert rounds(billed) == ["Balance: 38000 on plink_2"]
        balances = [mail.state for mail in billed.effects(EffectKind.MAIL) if mail.purpose.startswith("balance")]
        assert sorted(balances) == [EffectState.CANCELLED, EffectState.DONE]

    def test_a_command_that_is_carried_out_twice_is_told_once(self, billed: Studio) -> None:
        less = {"number": number(billed), "amount_minor": 100}
        submit(billed.ledger, "credit", less, "olga", "x", billed.clock.now())
        for _ in range(2):
            carry_out_commands(billed.ctx)

        assert rounds(billed) == ["Balance: 49900 on plink_2"]

    def test_a_receipt_that_says_it_first_says_it_for_all(self, billed: Studio) -> None:
        billed.pay_by_cheque(minor=20_000)
        billed.clock.go(seconds=1)
        billed.ask("credit", number=number(billed), amount_minor=5_000)

        assert rounds(billed) == ["Receipt: 25000 on plink_2"]

    def test_letting_reminders_go_on_is_no_news_where_nothing_has_changed(self, billed: Studio) -> None:
        billed.ask("pause_reminders", number=number(billed))
        billed.ask("resume_reminders", number=number(billed))

        assert rounds(billed) == []

    def test_a_mail_that_was_late_says_what_is_owed_by_then(self, billed: Studio) -> None:
        billed.mailer.line.fail("send", TemporaryError("smtp_greylisted", "451 later"))
        billed.ask("credit", number=number(billed), amount_minor=5_000)
        assert rounds(billed, times=1) == []
        billed.ask("credit", number=number(billed), amount_minor=5_000)
        billed.do(EffectKind.PAY_LINK, EffectKind.CLOSE_PAY_LINK)
        billed.clock.go(hours=1)

        assert rounds(billed) == ["Balance: 40000 on plink_3"]


def test_who_is_not_reminded_may_pay_all_the_same(billed: Studio) -> None:
    billed.ask("pause_reminders", number=number(billed))
    billed.ask("credit", number=number(billed), amount_minor=5_000)

    assert rounds(billed) == ["Balance: 45000 on plink_2"]


def test_nothing_goes_out_under_a_hold_and_it_is_told_after_it(billed: Studio) -> None:
    billed.ask("hold")
    billed.ask("void", number=number(billed))
    assert rounds(billed) == []
    billed.ask("release")

    assert rounds(billed) == ["Balance void: 0"]


def test_nothing_is_asked_for_while_a_bank_is_at_work_and_its_end_is_told(billed: Studio) -> None:
    billed.pay_on_page(minor=20_000)
    rounds(billed)
    billed.gateway.dispute("pi_1")
    rounds(billed)
    billed.ask("credit", number=number(billed), amount_minor=5_000)
    assert rounds(billed) == []
    billed.gateway.end_dispute("dp_1", DisputeStatus.WON)

    assert rounds(billed) == ["Balance: 25000 on plink_3"]


def test_who_owes_what_they_did_hears_of_the_page_that_takes_the_place_of_a_closed_one(billed: Studio) -> None:
    billed.pay_on_page(minor=20_000)
    assert rounds(billed) == ["Receipt: 30000 on plink_2"]
    billed.gateway.dispute("pi_1", inquiry=True)
    assert rounds(billed) == []
    billed.gateway.end_dispute("dp_1", DisputeStatus.INQUIRY_CLOSED)

    assert rounds(billed) == ["Balance, as before: 30000 on plink_3"]


class TestAnnouncedCharge:
    """The client was told what their card will be charged with, and on which day."""

    @pytest.fixture
    def announced(self, studio: Studio) -> Studio:
        studio.policy = replace(studio.policy, autopay_notice_days=3)
        studio.autopay()
        rounds(studio)
        return quiet(studio)

    def test_another_amount_is_announced_for_the_same_day(self, announced: Studio) -> None:
        announced.ask("credit", number=number(announced), amount_minor=5_000)

        announced.round()
        [mail] = announced.mailer.sent
        assert mail.letter.subject.startswith("BalanceMail")
        assert "charge_on=datetime.date(2026, 3, 5), balance_minor=45000" in mail.letter.text

    @pytest.mark.parametrize("act", ["credit", "void"])
    def test_nothing_left_to_charge_is_told(self, announced: Studio, act: str) -> None:
        announced.ask(act, number=number(announced))

        assert rounds(announced) == ["Balance void: 0" if act == "void" else "Balance: 0"]

    def test_what_is_credited_while_the_card_rests_is_told_as_it_goes_on(self, announced: Studio) -> None:
        announced.ask("pause_reminders", number=number(announced))
        announced.ask("credit", number=number(announced), amount_minor=5_000)
        assert rounds(announced) == []
        announced.ask("resume_reminders", number=number(announced))

        assert rounds(announced) == ["Balance: 45000"]

    def test_who_objects_hears_of_the_page_once(self, announced: Studio) -> None:
        announced.ask("stop_autopay", number=number(announced))

        assert rounds(announced) == ["Invoice: 50000 on plink_1"]


def test_what_came_in_another_currency_closes_a_page_and_the_next_one_is_told(billed: Studio) -> None:
    billed.gateway.receive(billed.invoice().invoice.invoice_id, Money(54_000, "USD"))
    assert rounds(billed) == []
    assert billed.codes() == ["paid_in_another_currency"]
    billed.ask("resume_reminders", number=number(billed))

    assert rounds(billed) == ["Balance, as before: 50000 on plink_2"]


def test_a_restored_ledger_asks_a_person_whether_it_was_told(billed: Studio) -> None:
    billed.ask("credit", number=number(billed), amount_minor=5_000)
    mark_restored(billed.ledger, "the disk is gone", "olga", billed.clock.now())
    billed.clock.go(hours=1)
    reconcile_restored(billed.ctx, lambda ctx: None, "olga")
    assert rounds(billed) == []
    assert "mails_in_doubt" in billed.codes()

    billed.ask("settle_mails", happened="no")
    assert rounds(billed) == ["Balance: 45000 on plink_2"]
    billed.ask("credit", number=number(billed), amount_minor=5_000)  # decided after the restore: nobody doubts it
    assert rounds(billed) == ["Balance: 40000 on plink_3"]
    billed.ask("resolve", subject="restored", code="decisions_lost")


def test_the_history_tells_that_it_was_told(billed: Studio) -> None:
    billed.ask("void", number=number(billed))
    rounds(billed)
    events = Overview(billed.ledger.engine).history(number(billed))

    assert "what is owed mailed to j1@example.com" in history_text(events, "EUR", billed.clock.at.tzinfo)  # type: ignore[arg-type]
