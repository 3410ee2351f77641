"""What a refusal asks for, for every code of Stripe's lists of decline codes and advice codes."""

from __future__ import annotations

import pytest

from billing.domain.payments import NextStep, Refusal, next_step

TABLE = """
    authentication_required          | client_must_authenticate
    incorrect_number                 | other_card
    lost_card                        | other_card
    pickup_card                      | other_card
    stolen_card                      | other_card
    revocation_of_authorization      | other_card
    revocation_of_all_authorizations | other_card
    highest_risk_level               | other_card
    transaction_not_allowed          | other_card
    expired_card                     | client_must_act
    incorrect_cvc                    | client_must_act
    invalid_account                  | client_must_act
    card_not_supported               | client_must_act
    currency_not_supported           | client_must_act
    fraudulent                       | client_must_act
    restricted_card                  | client_must_act
    insufficient_funds               | try_later
    processing_error                 | try_later
    issuer_not_available             | try_later
    try_again_later                  | try_later
    do_not_honor                     | try_later
    generic_decline                  | try_later
    a_code_of_tomorrow               | try_later
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("code", "step"), ROWS)
def test_a_refusal_asks_for_its_step(code: str, step: str) -> None:
    assert next_step(Refusal(code)) == NextStep(step)


@pytest.mark.parametrize(
    ("advice", "step"),
    [
        ("do_not_try_again", NextStep.OTHER_CARD),
        ("confirm_card_data", NextStep.CLIENT_MUST_ACT),
        ("try_again_later", NextStep.TRY_LATER),
    ],
)
@pytest.mark.parametrize("code", ["insufficient_funds", "stolen_card", "expired_card"])
def test_the_providers_advice_overrides_the_code(code: str, advice: str, step: NextStep) -> None:
    assert next_step(Refusal(code, advice)) == step


def test_an_unknown_advice_leaves_the_code_in_force() -> None:
    assert next_step(Refusal("stolen_card", "ask_the_oracle")) == NextStep.OTHER_CARD


def test_authentication_is_told_apart_whatever_the_advice() -> None:
    assert next_step(Refusal("authentication_required", "try_again_later")) == NextStep.CLIENT_MUST_AUTHENTICATE
