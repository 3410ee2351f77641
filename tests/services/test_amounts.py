"""What must not get a number: amounts that the payment provider cannot take, and letters that no font has."""

from __future__ import annotations

from studio import Studio

from billing.domain.sessions import Client

WEDGE = Client("c-j1", "Ada 𒀀", ("ada@example.com",))


def test_an_amount_that_nobody_can_pay_by_card_waits_for_a_person_and_takes_no_number(studio: Studio) -> None:
    facts = studio.session("j1")
    studio.gateway.unpayable = {facts.orders[0].balance.minor}
    studio.round()

    assert studio.codes() == ["stripe_amount_unpayable"]
    assert studio.effects() == []
    assert studio.mailer.sent == []


def test_a_name_that_no_font_has_waits_for_a_person_and_takes_no_number(studio: Studio) -> None:
    studio.renderer.missing = {"𒀀"}
    studio.session("j1", client=WEDGE)
    studio.session("j2")

    studio.round()

    assert studio.codes() == ["unprintable"]
    assert studio.invoices("j1") == []
    assert studio.invoice("j2").invoice.number == "INV-2026-0001"


def test_a_name_that_is_written_otherwise_is_billed_by_itself(studio: Studio) -> None:
    studio.renderer.missing = {"𒀀"}
    studio.session("j1", client=WEDGE)
    studio.round()

    studio.session("j1")
    studio.round()

    assert studio.codes() == []
    assert len(studio.mailer.sent) == 1
