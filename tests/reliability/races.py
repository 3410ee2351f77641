"""Races: many processes want the same thing at the same instant, and it happens once.

`python tests/reliability/races.py` runs them; `--charges 200 --numbers 20` says how often.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from crash_cases import AFTER_A_CRASH, KILLED
from crash_scenario import UNTIL_BILLED, Day
from crash_studio import Planned, Studio, ended, forked
from crash_theatre import Theatre, last_words, theatre
from crash_worker import Arm, Ask
from proof import Count, Proof

from billing.domain.effects import EffectKind
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.invoicing.issue_invoices import bill_due_sessions

PROCESSES = 8
REPRODUCE = ".venv/bin/python tests/reliability/races.py"
# Where the racers find the charge: decided; or begun by a worker that died before or after money moved.
STARTS = (
    "",
    "PaymentGateway.prepare_charge after",
    "PaymentGateway.confirm_charge before",
    "PaymentGateway.confirm_charge after",
)
_BACKLOG = tuple(Planned(f"session{number}") for number in range(8))


class ChargeRace:
    """One invoice, one card on file, and a snapshot for each way in which its charge may stand."""

    def __init__(self, here: Theatre) -> None:
        self._here = here
        self._raced = 0
        here.first_day(Day("billed", 0, _card_is_saved, (_consent(),), only=UNTIL_BILLED | {"carry_out_commands"}))
        here.keep("ready")
        self._rehearse()
        for number, label in enumerate(STARTS[1:], start=1):
            self._leave(f"left{number}", label)

    def _rehearse(self) -> None:
        """One charge in this process: what it loads and compiles need not be loaded by every racer."""
        studio = self._here.enter_copy("ready", "rehearsal")
        with self._here.sandbox(studio):
            _charge(self._here.standing(Arm()))
        self._here.let_go()

    def _leave(self, name: str, label: str) -> None:
        """What a worker leaves that is killed at this label."""
        studio = self._here.enter_copy("ready", name)
        with self._here.sandbox(studio):
            worker = forked(lambda: _charge(self._here.standing(Arm(label))), studio.folder / "log")
            if ended(worker) != KILLED:
                raise RuntimeError(f"nobody died at {label}: {last_words(studio)}")

    def run(self, start: int) -> list[str]:
        """Let them race once; violations."""
        self._raced += 1
        studio = self._here.enter_copy(f"left{start}" if start else "ready", f"race{self._raced}")
        try:
            with self._here.sandbox(studio):
                at_once([lambda: _charge(self._here.standing(Arm(), AFTER_A_CRASH))] * PROCESSES, studio)
                later = self._here.standing(Arm(), 2 * AFTER_A_CRASH)
                return self._judge(studio, start, ended(forked(lambda: _charge(later), studio.folder / "log")))
        finally:
            self._here.leave(studio)

    def _judge(self, studio: Studio, start: int, code: int) -> list[str]:
        charged = studio.happened("stripe.charge_succeeded")
        booked = studio.rows("select count(*) from payments")[0][0]
        state = studio.rows("select state from effects where kind = 'charge'")
        if (charged, booked, state, code) == (1, 1, [("done",)], 0):
            return []
        where = STARTS[start] or "ready"
        return [
            f"from {where}: {charged} charges at the oracle, {booked} payments, {state}, the last ended with {code}"
        ]


def _card_is_saved(studio: Studio) -> None:
    studio.consents["autopay"] = studio.save_card("autopay")
    studio.complete("autopay")


def _consent() -> Ask:
    return Ask("record_consent", lambda studio: studio.consents["autopay"], "a card was saved")


def _charge(ctx: Context) -> None:
    run_effects(ctx, HANDLERS[EffectKind.CHARGE], EffectKind.CHARGE)


class NumberRace:
    """A backlog of sessions that several processes bill at once; every other time with a daily limit below it."""

    def __init__(self, here: Theatre) -> None:
        self._here = here
        self._raced = 0
        keys = [one.key for one in _BACKLOG]
        intake = frozenset({"observe_jobs", "fetch_session_records"})
        here.first_day(Day("observed", 0, lambda studio: studio.complete(*keys), only=intake))
        here.keep("backlog")

    def run(self) -> list[str]:
        self._raced += 1
        studio = self._here.enter_copy("backlog", f"race{self._raced}")
        limit = len(_BACKLOG) if self._raced % 2 else 3
        try:
            with self._here.sandbox(studio):
                codes = at_once([lambda: _bill(self._here.standing(Arm()), limit)] * 4, studio)
                return [*self._judge(studio, limit), *([f"workers ended with {codes}"] if any(codes) else [])]
        finally:
            self._here.leave(studio)

    def _judge(self, studio: Studio, wanted: int) -> list[str]:
        numbers = sorted(number for (number,) in studio.rows("select sequence from invoices"))
        sessions = Counter(session for (session,) in studio.rows("select session_id from invoices"))
        violations = (
            [] if numbers == list(range(1, wanted + 1)) else [f"the numbers are {numbers}, with a limit of {wanted}"]
        )
        return violations + [f"{session} has {count} invoices" for session, count in sessions.items() if count > 1]


def _bill(ctx: Context, limit: int) -> None:
    limits = replace(ctx.policy.limits, invoices=limit)
    bill_due_sessions(replace(ctx, policy=replace(ctx.policy, limits=limits)))


def at_once(works: Sequence[Callable[[], None]], studio: Studio) -> list[int]:
    """Each in a process of its own, let go by the same instant; how they ended."""
    gate, key = os.pipe()

    def behind_the_gate(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            os.close(key)
            os.read(gate, 1)  # returns when the last key is gone
            work()

        return run

    workers = [forked(behind_the_gate(work), studio.folder / "log") for work in works]
    os.close(gate)
    os.close(key)
    return [ended(worker) for worker in workers]


def race_charges(times: int, progress: Callable[[str], None] = print) -> Proof:
    """8 processes for one invoice, `times` times, from each start in turn."""
    count = Count(f"{PROCESSES} processes race to charge one invoice", f"{REPRODUCE} --charges {times} --numbers 0")
    with theatre((Planned("autopay", card="pm_card_visa"),)) as here:
        race = ChargeRace(here)
        for number in range(times):
            count.case(race.run(number % len(STARTS)))
            if number % 20 == 19:
                progress(f"{number + 1} races for a charge, {len(count.violations)} violations")
    return count.proof()


def race_numbers(times: int, progress: Callable[[str], None] = print) -> Proof:
    """4 processes bill one backlog of 8 sessions, `times` times."""
    count = Count("4 processes bill one backlog", f"{REPRODUCE} --charges 0 --numbers {times}")
    with theatre(_BACKLOG) as here:
        race = NumberRace(here)
        for _ in range(times):
            count.case(race.run())
        progress(f"{times} races for numbers, {len(count.violations)} violations")
    return count.proof()


def prove(long: bool, progress: Callable[[str], None]) -> list[Proof]:
    return [race_charges(200, progress), race_numbers(100 if long else 20, progress)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--charges", type=int, default=200)
    parser.add_argument("--numbers", type=int, default=20)
    asked = parser.parse_args()
    proofs = [race_charges(asked.charges)] if asked.charges else []
    proofs += [race_numbers(asked.numbers)] if asked.numbers else []
    for proof in proofs:
        print(proof)
    return 0 if all(proof.holds for proof in proofs) else 1


if __name__ == "__main__":
    raise SystemExit(main())
