"""Whole sessions at the wire, with every fault that the sandbox knows: mended, all ends once and nothing is lost."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from samples import rows
from wire import Wire

from billing.adapters.ledger.checks import run_checks
from billing.bootstrap import SQL
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.domain.effects import EffectKind, EffectState
from billing.sandbox import faults as wire_faults
from billing.sandbox.oracle import oracle
from billing.sandbox.stripe import faults as stripe_faults


def hold(wire: Wire) -> None:
    """The ledger's promises, and the sandbox's count of what really happened."""
    broken = [check.name for check in run_checks(wire.ctx.ledger.engine, SQL, now=wire.clock.now()) if not check.holds]
    assert broken == []
    truth = oracle(wire.sandbox.store)
    assert truth["mails"]["duplicate_message_ids"] == []
    assert truth["charges"]["subjects_charged_more_than_once"] == []
    assert truth["write_backs"]["duplicate_transaction_ids"] == []
    assert truth["grants"]["opened_more_than_once"] == []
    with wire.ctx.ledger.read() as uow:
        done = Counter(effect.kind for effect in uow.effects.in_state(EffectState.DONE))
        assert uow.journal.broken_links() == []
        left = [item for item in uow.tasks.open_tasks() if item.subject_id.startswith(("pay_link", "charge"))]
    assert left == []
    assert truth["mails"]["accepted"] == done[EffectKind.MAIL]
    assert done[EffectKind.MAIL] >= 10


def test_a_day_without_trouble(wire_with_strangers: Wire) -> None:
    wire = wire_with_strangers
    wire.converge()
    hold(wire)
    before = wire.sandbox.store.effect_counts()
    wire.converge()
    assert wire.sandbox.store.effect_counts() == before


VSCO: list[dict[str, Any]] = [
    {"kind": "500_before", "times": 5},
    {"kind": "429", "times": 3, "retry_after": 1},
    {"kind": "401", "times": 4},
    {"kind": "malformed_json", "times": 4},
    {"kind": "truncate", "times": 4},
    {"kind": "reset", "times": 4},
]
SMTP: list[dict[str, Any]] = [
    {"kind": "greylist", "times": 3},
    {"kind": "drop", "times": 2},
    {"kind": "down", "times": 4},
]
STRIPE: list[dict[str, Any]] = [
    {"kind": "500_before", "times": 3},
    {"kind": "500_after", "times": 2},
    {"kind": "reset_before", "times": 3},
    {"kind": "reset", "times": 3},
    {"kind": "truncate", "times": 3},
    {"kind": "429", "times": 3},
    {"kind": "409", "times": 3},
]


@pytest.mark.parametrize("fault", rows(VSCO), ids=lambda fault: fault["kind"])
def test_trouble_with_the_booking_system(wire: Wire, fault: dict[str, Any]) -> None:
    wire_faults.add(wire.sandbox.store, "vsco", fault)
    assert all(wire.round() for _ in range(2))  # each says in one error what is wrong
    for _ in range(5):
        wire.round()
    wire.converge()
    hold(wire)


@pytest.mark.parametrize("fault", rows(SMTP), ids=lambda fault: fault["kind"])
def test_trouble_with_the_mail_server(wire: Wire, fault: dict[str, Any]) -> None:
    wire_faults.add(wire.sandbox.store, "smtp", fault)
    wire.round()
    wire.converge()
    hold(wire)


@pytest.mark.parametrize("fault", rows(STRIPE), ids=lambda fault: fault["kind"])
def test_trouble_with_stripe(wire: Wire, fault: dict[str, Any]) -> None:
    stripe_faults.order(wire.sandbox.store, fault)
    wire.round()
    if fault["kind"] == "500_after":
        wire.sandbox.clock.advance(timedelta(hours=25))  # Stripe remembers the 500 under its key for a day
    wire.converge()
    hold(wire)


@pytest.mark.parametrize("kind", rows(["500_after", "reset", "truncate", "timeout"]))
def test_a_charge_whose_answer_is_lost_is_captured_once(wire: Wire, kind: str) -> None:
    with closing(World(wire.sandbox.url)) as world:
        assert save_cards(wire.ctx, world, wire.plan) == 1
    fault = {
        "kind": kind,
        "times": 2,
        "path_prefix": "/v1/payment_intents",
        "path_suffix": "/confirm",
        "method": "POST",
    }
    stripe_faults.order(wire.sandbox.store, fault)
    wire.round()
    wire.converge()
    hold(wire)
    with wire.ctx.ledger.read() as uow:
        charges = uow.effects.in_state(EffectState.DONE, EffectKind.CHARGE)
    assert oracle(wire.sandbox.store)["charges"]["succeeded"] == len(charges) == 2
