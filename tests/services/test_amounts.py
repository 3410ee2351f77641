"""Amounts that the payment provider cannot take."""

from __future__ import annotations

from studio import Studio


def test_an_amount_that_nobody_can_pay_by_card_waits_for_a_person_and_takes_no_number(studio: Studio) -> None:
    facts = studio.session("j1")
    studio.gateway.unpayable = {facts.orders[0].balance.minor}
    studio.round()

    assert studio.codes() == ["stripe_amount_unpayable"]
    assert studio.effects() == []
    assert studio.mailer.sent == []
