"""Every call that changes something outside, times every way in which its line can fail: one effect, whatever failed.

Each case is a small studio at the wire: one client on autopay with a gallery at Pixieset, one who pays by the link with
a gallery at VSCO Workspace. One fault is ordered for one call; then time goes by, people answer what only they can, and
what happened outside and what the ledger says must be what they are without the fault.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import faulty_wire
from faulty_wire import Wire
from proof import Count, Proof

from billing.adapters.ledger.checks import run_checks
from billing.bootstrap import SQL
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.domain.effects import EffectKind, EffectState
from billing.sandbox import faults as wire_faults
from billing.sandbox.oracle import oracle
from billing.sandbox.seed.plan import GOOD_CARD
from billing.sandbox.stripe import faults as stripe_faults
from billing.services.commands.carry_out import submit

REPRODUCE = "PYTHONPATH=.:tests/support .venv/bin/python tests/reliability/faults.py CASE"
HOURS = timedelta(hours=2)
A_KEY_IS_FORGOTTEN_AFTER = timedelta(hours=25)

STRIPE_KINDS = (
    "timeout", "timeout_before", "reset", "reset_before", "truncate", "wrong_length", "409", "429", "500_before",
    "500_after",
)  # fmt: skip
LINE_KINDS = (
    "timeout", "reset", "reset_after", "truncate", "wrong_length", "malformed_json", "429", "401", "500_before",
    "500_after",
)  # fmt: skip
SMTP_KINDS = ("bounce", "greylist", "full", "drop", "down")

_POST: dict[str, Any] = {"method": "POST"}
# The calls of each outside system that change something, and the order by which a fault finds them.
CALLS: dict[str, dict[str, dict[str, Any]]] = {
    "stripe": {
        "create_pay_link": {**_POST, "path_suffix": "/payment_links"},
        "close_pay_link": {**_POST, "path_prefix": "/v1/payment_links/"},
        "prepare_charge": {**_POST, "path_suffix": "/payment_intents"},
        "confirm_charge": {**_POST, "path_suffix": "/confirm"},
        "cancel_charge": {**_POST, "path_suffix": "/cancel"},
        "refund": {**_POST, "path_suffix": "/refunds"},
    },
    "vsco": {
        "record_payment": {**_POST, "path_prefix": "/payment"},
        "apply_payment": {**_POST, "path_prefix": "/payment/"},
        "open_gallery": {"method": "PUT", "path_prefix": "/gallery"},
        "close_gallery": {"method": "PUT", "path_prefix": "/gallery"},
    },
    "pixieset": {"open_gallery": {"method": "PUT"}, "close_gallery": {"method": "PUT"}},
    "smtp": {"send": {}},
}
# What has to happen that is no usual day: a consent is taken back in time, or all the money is given back.
_STORIES = {"cancel_charge": "cancelled", "refund": "refunded", "close_gallery": "refunded"}
_REFUNDED_IN_TURN = 5
KINDS = {"stripe": STRIPE_KINDS, "vsco": LINE_KINDS, "pixieset": LINE_KINDS, "smtp": SMTP_KINDS}


@dataclass(frozen=True, order=True)
class Case:
    """One fault on one call; `forgets`: Stripe has forgotten the key before anybody asks again."""

    system: str
    call: str
    kind: str
    forgets: bool = False

    @property
    def name(self) -> str:
        return f"{self.system}-{self.call}-{self.kind}{'-forgets' if self.forgets else ''}"

    @property
    def story(self) -> str:
        return _STORIES.get(self.call, "usual")


def all_cases() -> list[Case]:
    return [
        Case(system, call, kind, forgets)
        for system, calls in CALLS.items()
        for call in calls
        for kind in KINDS[system]
        for forgets in ((False, True) if system == "stripe" else (False,))
    ]


def a_sample() -> list[Case]:
    """Each call and each kind of fault at least once: calls and kinds go round together."""
    only_on_other_lines = [kind for kind in LINE_KINDS if kind not in STRIPE_KINDS] + ["500_after"]
    sample = []
    for systems, kinds in (
        (["stripe"], STRIPE_KINDS),
        (["vsco", "pixieset"], only_on_other_lines),
        (["smtp"], SMTP_KINDS),
    ):
        calls = [(system, call) for system in systems for call in CALLS[system]]
        for number in range(max(len(calls), len(kinds))):
            kind, (system, call) = kinds[number % len(kinds)], calls[number % len(calls)]
            sample.append(Case(system, call, kind, forgets=system == "stripe" and number % 3 == 0))
    return sample


@dataclass
class Ending:
    """What happened outside, and what the ledger says of it."""

    counts: dict[str, int]
    amounts: dict[str, dict[str, int]]
    owed: list[int]
    broken: list[str] = field(default_factory=list)

    def differences(self, other: Ending) -> list[str]:
        wrong = [*other.broken]
        for name in ("counts", "amounts", "owed"):
            expected, found = getattr(self, name), getattr(other, name)
            if expected != found:
                wrong.append(f"{name} are {found} and not {expected}")
        return wrong


def try_out(case: Case) -> list[str]:
    """What is wrong after this case, as sentences."""
    ending = _ending_of(case.story, case)
    return [f"{case.name}: {sentence}" for sentence in _undisturbed(case.story).differences(ending)]


@cache
def _undisturbed(story: str) -> Ending:
    ending = _ending_of(story, None)
    assert ending.broken == [], ending.broken
    return ending


def _ending_of(story: str, case: Case | None) -> Ending:
    with tempfile.TemporaryDirectory() as folder, faulty_wire.studio(Path(folder)) as wire:
        with closing(World(wire.sandbox.url)) as world:
            assert save_cards(wire.ctx, world, wire.plan) == 1
            if story == "cancelled":
                _leave_a_charge_unconfirmed(wire)
            met = _days(wire, world, story, case)
        ending = _look(wire)
        if not met:
            ending.broken.append("the fault was never met")
        return ending


def _order(wire: Wire, case: Case) -> tuple[str, str]:
    """The fault's place in the sandbox's store, where it is until it is met."""
    store, where = wire.sandbox.store, CALLS[case.system][case.call]
    if case.system == "stripe":
        return "stripe.fault", stripe_faults.order(store, {"kind": case.kind, **where})["id"]
    return "fault", wire_faults.add(store, case.system, {"kind": case.kind, "delay_seconds": 0.0, **where})["id"]


def _leave_a_charge_unconfirmed(wire: Wire) -> None:
    """The charge was prepared, its confirmation never arrived, and its client has taken the consent back."""
    stripe_faults.order(wire.sandbox.store, {"kind": "reset_before", "path_suffix": "/confirm"})
    wire.round(intake=True)
    [client] = [client for client in wire.plan.clients if client.card]
    submit(wire.ctx.ledger, "revoke_consent", {"client_id": client.contact_id}, "olga", "asked to", wire.clock.now())


def _days(wire: Wire, world: World, story: str, case: Case | None) -> bool:
    """Work goes on, clients pay on the page as soon as they can; a person answers what is in doubt. Was it met?"""
    begins = _REFUNDED_IN_TURN if story == "refunded" else 0
    met, fault = case is None, _order(wire, case) if case and begins == 0 else None
    for turn in range(begins + 6 if begins else 8):
        if turn == begins > 0:
            wire.give_everything_back()
            fault = _order(wire, case) if case else None
        wire.round(intake=turn < 2)
        if not met and fault and wire.sandbox.store.get(*fault) is None:
            met = True
            if case and case.forgets:
                wire.sandbox.clock.advance(A_KEY_IS_FORGOTTEN_AFTER)
        if turn >= 3 and (
            turn < begins or not begins
        ):  # they have their mail by now, also the one that a person had to see to
            for link_id in wire.open_links():
                world.pay(link_id, GOOD_CARD)
        wire.answer_what_is_in_doubt()
        wire.sandbox.clock.advance(A_KEY_IS_FORGOTTEN_AFTER if turn - begins in (4, 5) else HOURS)
    return met


# Asked for as often as it takes: the same again changes nothing there.
_REPEATABLE = {"vsco.gallery_updated", "stripe.payment_link_deactivated"}


def _look(wire: Wire) -> Ending:
    truth = oracle(wire.sandbox.store)
    with wire.ctx.ledger.read() as uow:
        broken = [
            f"{effect.kind.value} {effect.key} is {state.value}"
            for state in (EffectState.READY, EffectState.IN_FLIGHT, EffectState.UNKNOWN)
            for kind in EffectKind
            for effect in uow.effects.in_state(state, kind)
        ]
        broken += uow.journal.broken_links()
    checks = run_checks(wire.ctx.ledger.engine, SQL, now=wire.clock.now())
    broken += [f"{check.name} does not hold" for check in checks if not check.holds]
    twice = {
        "charged": truth["charges"]["subjects_charged_more_than_once"],
        "mailed": truth["mails"]["duplicate_message_ids"],
        "written back": truth["write_backs"]["duplicate_transaction_ids"],
        "opened": truth["grants"]["opened_more_than_once"],
    }
    broken += [f"{what} more than once: {whom}" for what, whom in twice.items() if whom]
    counts = {kind: count for kind, count in truth["counts"].items() if kind not in _REPEATABLE}
    return Ending(counts | {"open": len(truth["grants"]["open_now"])}, truth["amounts"], wire.owed(), broken)


def prove(long: bool, progress: Callable[[str], None]) -> list[Proof]:
    """Every case."""
    count = Count("faults at the wire x calls that change something", REPRODUCE)
    for case in all_cases():
        count.case(try_out(case))
        progress(f"faults at the wire: {case.name}")
    return [count.proof()]


if __name__ == "__main__":
    for asked in (case for case in all_cases() if case.name in sys.argv[1:]):
        print(asked.name, try_out(asked) or "held")
