"""Money that a person gives back, asks less for, or gives up; and the gallery that follows the money."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from fakes import Crash
from studio import Studio
from test_money_back import accounts, eur, number, open_links, take_in

from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import UnknownOutcomeError
from billing.domain.policy import GalleryPolicy
from billing.domain.settlements import DisputeStatus, RefundStatus
from billing.services.commands.carry_out import carry_out_commands, submit

pytestmark = pytest.mark.usefixtures("promises_are_kept")


@pytest.fixture
def paid(studio: Studio) -> Studio:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.round()
    studio.clock.go(minutes=1)
    return studio


def refunded(studio: Studio) -> list[int]:
    return [refund.amount.minor for refund in studio.gateway.refunds.values()]


def test_a_refund_from_here_asks_the_client_for_nothing(paid: Studio) -> None:
    outcome = paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.round()
    paid.round()

    assert outcome == f"200.00 EUR of {number(paid)} go back to Ada j1."
    assert refunded(paid) == [20_000]
    assert paid.invoice().balance_minor == 0
    assert accounts(paid) == {"revenue": -30_000, "stripe_clearing": 30_000}
    assert open_links(paid) == []
    assert paid.codes() == []
    assert paid.rows("select amount_minor, reason from refunds") == [(20_000, "asked by phone")]


def test_the_client_is_told_once_of_each_refund_whoever_made_it(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.round()
    paid.gateway.refund_elsewhere("pi_1", eur(5_000))
    for _ in range(3):
        paid.round()

    told = [mail.letter.text for mail in paid.mailer.sent if mail.letter.subject.startswith("RefundMail")]
    assert len(told) == 2
    assert "20000" in told[0]
    assert "5000" in told[1]


def test_a_letter_that_waits_is_not_sent_when_the_refund_came_back(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(5_000))
    take_in(paid)
    paid.gateway.fail_refund("re_1")
    for _ in range(2):
        paid.round()

    assert not [subject for subject in paid.mailer.subjects() if subject.startswith("RefundMail")]


def test_a_refund_that_is_still_owed_gets_a_new_page(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000, still_owed=1)
    paid.round()
    paid.round()

    assert paid.invoice().balance_minor == 20_000
    assert open_links(paid) == ["200.00 EUR"]
    assert paid.codes() == []


def test_a_refund_that_the_bank_returned_is_made_anew_and_not_tried_again(paid: Studio) -> None:
    """The answer is lost; by the time we ask, the bank has sent the money back. Stripe keeps such a refund for ever."""
    paid.gateway.line.fail("refund", UnknownOutcomeError("time_out", "No answer came."), "after")
    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.do(EffectKind.REFUND)
    paid.gateway.fail_refund("re_1")
    paid.clock.go(minutes=2)
    paid.round()

    [effect] = paid.effects(EffectKind.REFUND)
    assert effect.state is EffectState.FAILED
    [(subject, code)] = paid.open_items()
    assert (subject, code) == (effect.key, "refund_returned")
    assert "not send it again; make another: `billing refund`" in paid.ask("retry", effect_id=effect.effect_id)

    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.round()
    assert refunded(paid) == [20_000, 20_000]
    assert accounts(paid) == {"revenue": -30_000, "stripe_clearing": 30_000}


def test_a_refund_that_was_cancelled_where_it_was_made_is_told_to_nobody(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(5_000))
    paid.gateway.fail_refund("re_1")
    paid.gateway.refunds["re_1"] = replace(paid.gateway.refunds["re_1"], status=RefundStatus.CANCELED)
    paid.round()

    assert paid.codes() == []


def test_two_refunds_of_the_same_amount_are_two_and_a_command_carried_out_twice_is_one(paid: Studio) -> None:
    for _ in range(2):
        submit(paid.ledger, "refund", {"number": number(paid), "amount_minor": 5_000}, "olga", "", paid.clock.now())
    carry_out_commands(paid.ctx)
    carry_out_commands(paid.ctx)
    paid.round()

    assert refunded(paid) == [5_000, 5_000]
    assert paid.invoice().balance_minor == 0


def test_no_more_than_is_left_goes_back_even_while_refunds_are_under_way(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=40_000)

    assert "only 100.00 EUR, not 200.00 EUR, can go back" in paid.ask(
        "refund", number=number(paid), amount_minor=20_000
    )
    paid.round()
    assert "only 100.00 EUR" in paid.ask("refund", number=number(paid), amount_minor=10_001)
    assert refunded(paid) == [40_000]


def test_the_newest_payment_goes_back_first_and_one_refund_may_be_of_several(studio: Studio) -> None:
    studio.session()
    studio.round()
    for minor in (20_000, 30_000):
        studio.pay_on_page(minor=minor)
        studio.round()
        studio.round()
        studio.clock.go(minutes=1)
    studio.ask("refund", number=number(studio), amount_minor=35_000)
    studio.round()

    parts = {refund.payment_id: refund.amount.minor for refund in studio.gateway.refunds.values()}
    assert parts == {"pi_2": 30_000, "pi_1": 5_000}
    assert studio.invoice().balance_minor == 0


def test_what_came_by_cheque_does_not_go_back_through_stripe(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_by_cheque()

    outcome = studio.ask("refund", number=number(studio))

    assert "nothing can go back through Stripe" in outcome
    assert "500.00 EUR came by cheque, cash or transfer" in outcome


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["refund", "find_refunds", "read_payment"])
def test_a_crash_around_a_refund_leads_to_one(paid: Studio, call: str, when: str) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.gateway.line.fail(call, Crash(), when)
    for _ in range(3):
        with suppress(Crash):
            paid.round()
        paid.clock.go(minutes=10)

    assert refunded(paid) == [20_000]
    assert paid.invoice().balance_minor == 0
    assert paid.codes() == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_refund_in_doubt_ends_by_what_the_provider_lists(paid: Studio, when: str) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.gateway.line.fail("refund", UnknownOutcomeError("stripe_unknown", "The line dropped."), when)
    paid.do(EffectKind.REFUND)
    assert paid.codes() == ["effect_unknown"]

    paid.clock.go(days=2)
    paid.round()

    assert refunded(paid) == [20_000]
    assert [effect.state for effect in paid.effects(EffectKind.REFUND)] == [EffectState.DONE]
    assert paid.codes() == []


def test_a_refund_is_made_once_though_the_provider_has_forgotten_its_key(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.gateway.line.fail("refund", Crash(), "after")
    with suppress(Crash):
        paid.do(EffectKind.REFUND)
    paid.gateway.has_forgotten_keys = True
    paid.clock.go(days=2)
    paid.round()

    assert refunded(paid) == [20_000]
    assert paid.invoice().balance_minor == 0


def test_no_refund_while_a_dispute_is_open_unless_forced(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=1_000)
    paid.gateway.dispute("pi_1", inquiry=True)
    take_in(paid)
    paid.round()

    assert refunded(paid) == []
    assert [effect.state for effect in paid.effects(EffectKind.REFUND)] == [EffectState.CANCELLED]
    assert "is open: the bank may give the money back" in paid.ask("refund", number=number(paid))

    paid.ask("refund", number=number(paid), force=1)
    paid.round()

    assert refunded(paid) == [50_000]


def test_a_refund_of_ours_that_the_bank_returns_is_asked_for_again_and_paid(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.round()
    paid.gateway.fail_refund("re_1")
    paid.round()

    assert paid.invoice().balance_minor == 0
    assert accounts(paid) == {"revenue": -50_000, "stripe_clearing": 50_000}


def test_a_refund_whose_intent_the_ledger_does_not_know_is_like_one_made_elsewhere(paid: Studio) -> None:
    """Yesterday's backup over today's world: the key is ours, and nobody here knows what was meant by it."""
    paid.gateway.refund("pi_1", eur(20_000), "lost", "refund:command:77:inv:pi_1")
    paid.gateway.tell("refund.created", "re_1", "pi_1")
    paid.round()

    assert paid.invoice().balance_minor == 20_000
    assert paid.codes() == ["refunded_elsewhere"]


def test_asking_for_less_takes_back_what_was_sold_and_makes_a_page_for_the_rest(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.ask("credit", number=number(studio), amount_minor=10_000)
    studio.round()
    studio.round()

    assert studio.invoice().balance_minor == 40_000
    assert accounts(studio) == {"receivable": 40_000, "revenue": -40_000}
    assert open_links(studio) == ["400.00 EUR"]
    assert "only 400.00 EUR is owed" in studio.ask("credit", number=number(studio), amount_minor=40_001)


def test_a_void_after_a_credit_and_a_write_off_leaves_nothing(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.ask("credit", number=number(studio), amount_minor=10_000)
    studio.ask("write_off", number=number(studio), amount_minor=5_000)
    studio.ask("void", number=number(studio))

    assert accounts(studio) == {}


def test_what_is_written_off_is_a_loss_and_closes_the_matter(paid: Studio) -> None:
    paid.gateway.refund_elsewhere("pi_1", eur(20_000))
    paid.round()
    paid.ask("write_off", number=number(paid))

    assert paid.invoice().balance_minor == 0
    assert accounts(paid)["bad_debt"] == 20_000
    assert paid.codes() == []
    assert "Nothing is owed" in paid.ask("write_off", number=number(paid))


class TestGalleries:
    """A gallery is open while its money is there, and closes by policy when it went back."""

    def test_it_closes_on_a_full_refund_and_opens_when_it_is_paid_again(self, paid: Studio) -> None:
        assert paid.host.opened == ["g-j1"]
        paid.gateway.refund_elsewhere("pi_1", eur(50_000))
        paid.round()
        paid.round()

        assert paid.host.opened == []
        assert "gallery_closed" in paid.codes()
        assert len(paid.column("select grant_id from grants where revoked_at is not null")) == 1

        paid.gateway.receive(paid.invoice().invoice.invoice_id, eur(50_000))
        paid.clock.go(minutes=1)
        paid.round()
        paid.round()

        assert paid.host.opened == ["g-j1"]
        assert paid.codes() == []
        assert sum(subject.startswith("GalleryMail") for subject in paid.mailer.subjects()) == 2

    def test_it_stays_closed_when_we_gave_all_of_it_back(self, paid: Studio) -> None:
        paid.ask("refund", number=number(paid))
        for _ in range(3):
            paid.round()

        assert paid.invoice().balance_minor == 0
        assert paid.host.opened == []

    def test_it_closes_on_a_lost_dispute_and_stays_open_while_it_is_fought(self, paid: Studio) -> None:
        paid.gateway.dispute("pi_1", eur(10_000))
        paid.round()
        assert paid.host.opened == ["g-j1"]

        paid.gateway.end_dispute("dp_1", DisputeStatus.LOST)
        paid.round()
        assert paid.host.opened == []

    def test_a_part_that_goes_back_leaves_it_open(self, paid: Studio) -> None:
        paid.gateway.refund_elsewhere("pi_1", eur(49_999))
        paid.round()

        assert paid.host.opened == ["g-j1"]

    def test_nobody_is_asked_to_open_one_while_its_money_is_gone(self, studio: Studio) -> None:
        studio.with_gallery(host="manual")
        studio.round()
        studio.pay_on_page()
        studio.round()
        studio.round()
        [task] = studio.effects(EffectKind.GRANT)
        assert studio.codes() == ["open_by_hand"]

        studio.gateway.refund_elsewhere("pi_1", eur(50_000))
        studio.round()

        assert studio.codes() == ["refunded_elsewhere"]
        assert "no gallery that waits" in studio.ask("gallery_opened", effect_id=task.effect_id, url="https://g/1")

        studio.gateway.receive(studio.invoice().invoice.invoice_id, eur(50_000))
        studio.clock.go(minutes=1)
        studio.round()
        studio.round()

        assert studio.codes() == ["open_by_hand"]
        assert (
            studio.ask("gallery_opened", effect_id=task.effect_id, url="https://g/1")
            == "The client is told of https://g/1."
        )

    def test_nobody_is_asked_to_open_that_of_a_void_invoice(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.with_gallery(host="manual")
        studio.round()
        assert studio.codes() == ["open_by_hand"]

        studio.ask("void", number=number(studio))

        assert studio.codes() == []
        assert [task.state for task in studio.effects(EffectKind.GRANT)] == [EffectState.CANCELLED]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_crash_while_closing_leads_to_a_closed_gallery(self, paid: Studio, when: str) -> None:
        paid.gateway.refund_elsewhere("pi_1", eur(50_000))
        paid.host.line.fail("close_gallery", Crash(), when)
        for _ in range(3):
            with suppress(Crash):
                paid.round()
            paid.clock.go(minutes=10)

        assert paid.host.opened == []
        assert [effect.state for effect in paid.effects(EffectKind.REVOKE)] == [EffectState.DONE]

    def test_one_that_only_a_person_can_close_is_a_task(self, studio: Studio) -> None:
        studio.with_gallery(host="manual")
        studio.round()
        studio.pay_on_page()
        studio.round()
        [grant] = studio.effects(EffectKind.GRANT)
        studio.ask("gallery_opened", effect_id=grant.effect_id, url="https://g.example")
        studio.clock.go(minutes=1)
        studio.gateway.refund_elsewhere("pi_1", eur(50_000))
        studio.round()
        [revoke] = studio.effects(EffectKind.REVOKE)
        assert revoke.state is EffectState.FAILED

        assert "is closed" in studio.ask("gallery_closed", effect_id=revoke.effect_id)
        assert studio.column("select count(*) from grants where revoked_at is null") == [0]
        assert "effect_failed" not in studio.codes()
