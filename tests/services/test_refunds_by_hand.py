"""Money that the studio gave back itself: booked once, told to the client, and nothing asked of the provider."""

from __future__ import annotations

import pytest
from studio import Studio
from test_money_back import accounts, number, reminded

from billing.domain.effects import EffectKind
from billing.services.reconcile import reconcile

pytestmark = pytest.mark.usefixtures("promises_are_kept")


@pytest.fixture
def by_cheque(studio: Studio) -> Studio:
    studio.with_gallery()
    studio.round()
    studio.pay_by_cheque()
    studio.round()
    studio.round()
    studio.clock.go(minutes=1)
    return studio


def told(studio: Studio) -> list[str]:
    return [mail.letter.text for mail in studio.mailer.sent if mail.letter.subject.startswith("RefundMail")]


def test_what_came_by_cheque_and_went_back_in_cash_is_booked_and_told(by_cheque: Studio) -> None:
    outcome = by_cheque.ask("refund", number=number(by_cheque), amount_minor=20_000, by_hand="cash")
    for _ in range(3):
        by_cheque.round()

    assert outcome == f"200.00 EUR of {number(by_cheque)} that were given back to Ada j1 (cash) are booked."
    assert accounts(by_cheque) == {"revenue": -30_000, "bank": 30_000}
    assert by_cheque.invoice().balance_minor == 0
    [mail] = told(by_cheque)
    assert "20000" in mail
    assert "cash" in mail
    assert "is_by_hand=True" in mail
    assert by_cheque.gateway.refunds == {}
    assert by_cheque.codes() == []
    assert by_cheque.host.opened == ["g-j1"]


def test_what_is_still_owed_is_reminded_of(by_cheque: Studio) -> None:
    by_cheque.ask("refund", number=number(by_cheque), amount_minor=20_000, by_hand="cash", still_owed=1)
    by_cheque.round()

    assert by_cheque.invoice().balance_minor == 20_000
    assert accounts(by_cheque) == {"revenue": -50_000, "bank": 30_000, "receivable": 20_000}
    assert len(reminded(by_cheque, 1)) == 1


def test_the_gallery_closes_when_all_of_it_went_back(by_cheque: Studio) -> None:
    by_cheque.ask("refund", number=number(by_cheque), by_hand="transfer")
    by_cheque.round()

    assert by_cheque.host.opened == []
    assert accounts(by_cheque) == {}


def test_no_more_goes_back_than_came(by_cheque: Studio) -> None:
    by_cheque.ask("refund", number=number(by_cheque), amount_minor=20_000, by_hand="cash")

    outcome = by_cheque.ask("refund", number=number(by_cheque), amount_minor=30_001, by_hand="cash")

    assert outcome == f"Of {number(by_cheque)} only 300.00 EUR, not 300.01 EUR, can go back."
    assert by_cheque.column("select amount_minor from refunds") == [20_000]
    assert f"`billing refund {number(by_cheque)} --by-hand cash`" in by_cheque.ask("refund", number=number(by_cheque))


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-03", "2026-03-04"])
def test_it_is_booked_on_the_day_on_which_it_was_given(by_cheque: Studio, day: str) -> None:
    by_cheque.clock.go(days=2)
    by_cheque.ask("refund", number=number(by_cheque), amount_minor=1_000, by_hand="cash", given_on=day)

    posted = "select posted_on from journal_transactions where kind = 'refund'"
    assert [str(day) for day in by_cheque.column(posted)] == [day]


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2026-03-03", "2026-03-03 is to come; book what was given back once it is."),
        ("2026-03-01", "Payment INV-2026-0001/1077 came on 2026-03-02, and cannot have gone back on 2026-03-01."),
    ],
)
def test_on_a_day_that_cannot_be_nothing_is_booked(by_cheque: Studio, day: str, sentence: str) -> None:
    outcome = by_cheque.ask("refund", number=number(by_cheque), by_hand="cash", given_on=day)

    assert outcome == sentence
    assert by_cheque.column("select refund_id from refunds") == []
    assert by_cheque.effects(EffectKind.REFUND) == []


def test_what_came_to_the_office_goes_back_by_hand_before_the_rest(by_cheque: Studio) -> None:
    by_cheque.gateway.receive(by_cheque.invoice().invoice.invoice_id, by_cheque.invoice().invoice.amount_due)
    by_cheque.round()

    by_cheque.ask("refund", number=number(by_cheque), amount_minor=60_000, by_hand="cash")
    by_cheque.round()

    parts = by_cheque.rows("select provider_payment_id, amount_minor from refunds order by amount_minor desc")
    assert parts == [(f"{number(by_cheque)}/1077", 50_000), ("pi_1", 10_000)]
    assert "only 400.00 EUR" in by_cheque.ask("refund", number=number(by_cheque), amount_minor=40_001)
    assert by_cheque.gateway.refunds == {}


def test_a_refund_that_the_bank_returned_and_the_studio_paid_out_is_over(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000)
    paid.round()
    paid.gateway.fail_refund("re_1")
    paid.round()
    [sentence] = paid.open_items().values()
    assert sentence.endswith('book it with the same and `--by-hand "bank transfer"`.')
    paid.clock.go(minutes=1)

    paid.ask("refund", number=number(paid), amount_minor=20_000, by_hand="transfer")
    paid.round()

    assert paid.codes() == []
    assert accounts(paid) == {"revenue": -30_000, "stripe_clearing": 50_000, "bank": -20_000}
    assert reconcile(paid.ctx, "stripe").is_clean


def test_while_a_dispute_is_open_it_is_refused_as_any_other(paid: Studio) -> None:
    paid.gateway.dispute("pi_1")
    paid.round()

    assert "the bank may give the money back" in paid.ask("refund", number=number(paid), by_hand="cash")
    assert paid.column("select refund_id from refunds") == []
