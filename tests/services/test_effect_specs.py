"""One line for each kind of effect, and everything that is asked of it stands there."""

from __future__ import annotations

from billing.domain.effect_specs import EFFECT_SPECS, Provider
from billing.domain.effects import EffectKind
from billing.services.effects import HANDLERS
from billing.services.safety.limits import LIMITED


def test_every_kind_has_its_line_and_its_handler() -> None:
    assert set(EFFECT_SPECS) == set(HANDLERS) == set(EffectKind)


def test_what_is_limited_is_a_limit_that_a_person_can_raise() -> None:
    assert {spec.limit for spec in EFFECT_SPECS.values() if spec.limit} <= set(LIMITED)


def test_what_it_does_names_the_invoice_and_nothing_that_is_not_given() -> None:
    said = {kind: spec.does.format(invoice="INV-1", gallery="Photos") for kind, spec in EFFECT_SPECS.items()}

    assert all("INV-1" in sentence for sentence in said.values())


def test_money_moves_and_mail_goes_out_only_from_sound_books() -> None:
    without = {kind for kind, spec in EFFECT_SPECS.items() if not spec.needs_sound_books}

    assert without == {EffectKind.PAY_LINK, EffectKind.CLOSE_PAY_LINK}
    assert all(EFFECT_SPECS[kind].provider is Provider.PAYMENTS for kind in without)
