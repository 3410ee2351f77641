"""An effect's key follows from what it is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.effects import Effect, EffectKind, EffectState, Intent, message_id, retry_delay_seconds
from billing.domain.events import PIPELINE, DomainEvent

INTENT = Intent(EffectKind.MAIL, "invoice", "inv_1", {"to": "ana@client.example"})
EFFECT = Effect(
    effect_id=INTENT.effect_id,
    kind=EffectKind.MAIL,
    purpose="invoice",
    subject_id="inv_1",
    key=INTENT.key,
    parameters={"to": "ana@client.example", "amount_minor": 500, "pay_url": None},
    state=EffectState.READY,
    attempts=0,
    fence=0,
    provider_reference=None,
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def test_the_same_intent_has_the_same_key_and_id_whatever_its_parameters() -> None:
    again = replace(INTENT, parameters={}, not_before=datetime(2026, 3, 1, tzinfo=UTC))

    assert (INTENT.key, INTENT.effect_id) == ("mail:invoice:inv_1", again.effect_id)
    assert again.key == INTENT.key


def test_another_occasion_is_another_effect() -> None:
    later = replace(INTENT, occasion="2026-03-02")

    assert later.key == "mail:invoice:inv_1:2026-03-02"
    assert later.effect_id != INTENT.effect_id


def test_parameters_are_read_as_what_they_must_be() -> None:
    assert (EFFECT.text("to"), EFFECT.number("amount_minor")) == ("ana@client.example", 500)
    with pytest.raises(ValueError, match="effect mail:invoice:inv_1 has no pay_url"):
        EFFECT.text("pay_url")
    with pytest.raises(KeyError):
        EFFECT.text("absent")


@given(attempts=st.integers(0, 10_000), asked_for=st.none() | st.integers(0, 100_000))
def test_a_retry_waits_longer_each_time_up_to_an_hour_and_never_less_than_asked_for(
    attempts: int, asked_for: int | None
) -> None:
    delay = retry_delay_seconds(attempts, asked_for)

    assert max(30, asked_for or 0) <= delay <= max(3600, asked_for or 0)
    assert delay <= retry_delay_seconds(attempts + 1, asked_for)


def test_a_message_id_follows_from_the_key_alone() -> None:
    first = message_id(INTENT.key, "northlight.example")

    assert first == message_id(INTENT.key, "northlight.example") != message_id("other", "northlight.example")
    assert first.startswith("<")
    assert first.endswith("@northlight.example>")


def test_what_no_person_did_was_done_by_the_pipeline() -> None:
    event = DomainEvent("ev_1", "invoice_issued", "inv_1", datetime(2026, 3, 1, tzinfo=UTC))

    assert (event.actor, event.body) == (PIPELINE, {})
