"""How much of a payment can still go back: not what went, nor what a bank took, nor what is about to go."""

from __future__ import annotations

from studio import Studio
from test_money_back import eur, number

from billing.domain.effects import EffectKind, EffectState
from billing.domain.settlements import DisputeStatus


def lose(studio: Studio, payment_id: str, minor: int) -> None:
    studio.gateway.dispute(payment_id, eur(minor))
    studio.round()
    studio.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    studio.round()


def going(studio: Studio) -> list[tuple[str, int]]:
    waiting = [effect for effect in studio.effects(EffectKind.REFUND) if effect.state is EffectState.READY]
    return sorted((effect.text("provider_payment_id"), effect.number("amount_minor")) for effect in waiting)


def test_what_went_what_a_bank_took_and_what_is_about_to_go_is_there_no_more(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.ask("refund", number=number(studio), amount_minor=10_000)
    studio.round()
    lose(studio, "pi_1", 15_000)
    studio.ask("refund", number=number(studio), amount_minor=5_000)

    too_much = studio.ask("refund", number=number(studio), amount_minor=20_001)
    the_rest = studio.ask("refund", number=number(studio), amount_minor=20_000)
    one_cent = studio.ask("refund", number=number(studio), amount_minor=1)

    assert "only 200.00 EUR, not 200.01 EUR, can go back" in too_much
    assert the_rest == f"200.00 EUR of {number(studio)} go back to Ada j1."
    assert f"Of {number(studio)} nothing can go back" in one_cent
    assert going(studio) == [("pi_1", 5_000), ("pi_1", 20_000)]


def test_what_a_bank_took_counts_for_the_payment_that_it_took_it_from(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page(minor=30_000)
    studio.round()
    studio.clock.go(minutes=1)
    studio.gateway.receive(studio.invoice().invoice.invoice_id, eur(20_000))
    studio.round()
    lose(studio, "pi_1", 10_000)

    studio.ask("refund", number=number(studio))

    assert going(studio) == [("pi_1", 20_000), ("pi_2", 20_000)]
