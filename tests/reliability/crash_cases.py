"""Killing a worker at a crash point, recovering, and holding the end against that of a world without a crash.

`python tests/reliability/crash_cases.py` plays all of them, `--label 'confirm_charge after'` some of them, `--list`
says which labels there are and where they are reached; see `--help`.
"""

from __future__ import annotations

import argparse
import signal
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from crash_facts import Facts, differences, facts
from crash_points import expected_labels
from crash_scenario import DAYS, SESSIONS, Day, is_exempt
from crash_studio import Studio, ended, forked
from crash_theatre import SENDER_DOMAIN, Theatre, last_words, theatre
from crash_worker import ANY_LABEL, AT_THE_QUEUE, BY_HAND, Arm, live
from proof import Count, Proof

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.engine import open_engine
from billing.bootstrap import SQL

KILLED = -signal.SIGKILL
AFTER_A_CRASH = timedelta(minutes=20)  # the machine is up again, and the leases of the dead worker have lapsed
REPRODUCE = ".venv/bin/python tests/reliability/crash_cases.py"
_EARLY = 60  # a recovery is crashed at one of its first labels, which one follows from the case


@dataclass(frozen=True)
class Case:
    """Kill at the `nth` time that `label` is reached on a day, with `workers`; no label: nobody is killed.

    `again`: and once more in recovery, at its so many-th label.
    """

    day: int
    label: str | None
    nth: int = 1
    workers: int = 1
    again: int = 0

    def __str__(self) -> str:
        more = f", again at label {self.again} of the recovery" if self.again else ""
        return f"{self.label!r} time {self.nth} on day {self.day} ({DAYS[self.day].name}), {self.workers} at work{more}"


@dataclass
class Reference:
    """The world without a crash: the labels of each day in their order, and the facts at its end."""

    traces: list[list[str]]
    ends: list[Facts]

    def cases(self, time: int = 1, workers: int = 1, *, again: bool = True) -> list[Case]:
        """Each label the first (or second) time it is reached in the whole scenario."""
        found: dict[str, Case] = {}
        seen: dict[str, int] = {}
        for number, trace in enumerate(self.traces):
            today: dict[str, int] = {}
            for label in trace:
                seen[label] = seen.get(label, 0) + 1
                today[label] = today.get(label, 0) + 1
                if seen[label] == time:
                    found[label] = Case(number, label, today[label], workers, _when(label, time) if again else 0)
        # Two at work, and one dies while asking: the other would wait for ever for what was never asked.
        return [case for case in found.values() if workers == 1 or not str(case.label).startswith(AT_THE_QUEUE)]

    def unreached(self) -> list[str]:
        """Labels that the scenario does not come to, and that no reason excuses."""
        reached = {label for trace in self.traces for label in trace}
        return sorted(label for label in expected_labels() - reached if not is_exempt(label))


def _when(label: str, time: int) -> int:
    return 1 + zlib.crc32(f"{label} {time}".encode()) % _EARLY


class Play:
    """The reference world with its snapshots, and the cases that begin from them."""

    def __init__(self, here: Theatre) -> None:
        self._here = here
        self._played = 0
        self.reference = self._live_through()

    def _live_through(self) -> Reference:
        """All days without a crash, with a snapshot before each."""
        traces, ends = [], []
        studio = self._here.first
        with self._here.sandbox(studio):
            for number, day in enumerate(DAYS):
                studio.set_clock(day.shift().begins_at)
                day.outside(studio)
                self._here.keep(f"day{number}")
                traces.append(self._here.live_through(day).reached)
                ends.append(facts(studio.ledger, studio.sandbox, SENDER_DOMAIN))
        self._here.let_go()
        return Reference(traces, ends)

    def play(self, case: Case) -> list[str]:
        """Crash, recover, recover again: the violations, a sentence each; none is what was promised."""
        self._played += 1
        studio = self._here.enter_copy(f"day{case.day}", f"case{self._played}")
        try:
            with self._here.sandbox(studio):
                return [f"{case}: {sentence}" for sentence in self._play(case, studio)]
        finally:
            self._here.leave(studio)

    def _play(self, case: Case, studio: Studio) -> list[str]:
        codes = self._shift(case, studio, 0, [self._arm(case, studio)] * case.workers)
        if case.label is not None and KILLED not in codes:
            return [f"nobody was killed, the workers ended with {codes}: {last_words(studio)}"]
        if case.again:
            self._shift(case, studio, 1, [Arm(ANY_LABEL, case.again)])
        for number in (2, 3):
            [code] = self._shift(case, studio, number, [Arm()])
            if code != 0:
                return [f"recovery {number - 1} ended with {code}: {last_words(studio)}"]
            found = self._compare(case, studio)
            if found:
                return [f"after recovery {number - 1}: {sentence}" for sentence in found]
        return []

    def _arm(self, case: Case, studio: Studio) -> Arm:
        return Arm(case.label, case.nth, studio.folder / "count" if case.workers > 1 else None)

    def _shift(self, case: Case, studio: Studio, number: int, arms: Sequence[Arm]) -> list[int]:
        """Workers at once, each in a process of its own; how each ended."""
        shift = DAYS[case.day].shift()
        later = replace(shift, begins_at=shift.begins_at + number * AFTER_A_CRASH)

        def worker(at: int, arm: Arm) -> int:
            # There is one person, at the first worker's terminal.
            told = (
                later
                if at == 0
                else replace(later, asks=(), awaits=later.asks, extra=tuple(set(later.extra) - BY_HAND))
            )
            return forked(lambda: live(self._here.bare, studio, told, arm), studio.folder / "log")

        return [ended(process) for process in [worker(at, arm) for at, arm in enumerate(arms)]]

    def _compare(self, case: Case, studio: Studio) -> list[str]:
        ours = facts(studio.ledger, studio.sandbox, SENDER_DOMAIN)
        return differences(ours, self.reference.ends[case.day]) + broken_checks(studio, DAYS[case.day])


def broken_checks(studio: Studio, day: Day) -> list[str]:
    """Every promise of sql/checks that does not hold at the end of a case."""
    engine = open_engine(f"sqlite:///{studio.ledger}")
    try:
        results = run_checks(engine, SQL, now=day.shift().begins_at)
    finally:
        engine.dispose()
    return [f"not true: {one.sentence} {one.violations[:2]}" for one in results if not one.holds]


@contextmanager
def played() -> Iterator[Play]:
    """The scenario, lived through once; cases can be played now."""
    with theatre(SESSIONS) as here:
        yield Play(here)


def prove(long: bool, progress: Callable[[str], None]) -> list[Proof]:
    """Every label, first and second time, with one and with two workers, each crashed once more in its recovery."""
    with played() as play:
        reference = play.reference
        proofs = [_reached(reference)]
        for time, workers in ((1, 1), (2, 1), (1, 2), (2, 2)):
            what = f"crash points: {_NTH[time]} time, {workers} worker{'s' if workers > 1 else ''}"
            command = f"{REPRODUCE} --time {time} --workers {workers} --label LABEL"
            proofs.append(_proof(what, command, play, reference.cases(time, workers), progress))
        at_once = [Case(number, None, workers=2) for number in range(len(DAYS))]
        proofs.append(_proof("two workers at once, no crash", f"{REPRODUCE} --at-once", play, at_once, progress))
    return proofs


_NTH = {1: "first", 2: "second"}


def _reached(reference: Reference) -> Proof:
    count = Count("crash points: each label is reached or exempt", f"{REPRODUCE} --list")
    unreached = set(reference.unreached())
    for label in sorted(expected_labels()):
        count.case([f"{label} is never reached"] if label in unreached else [])
    return count.proof()


def _proof(what: str, command: str, play: Play, cases: Sequence[Case], progress: Callable[[str], None]) -> Proof:
    count = Count(what, command)
    for number, case in enumerate(cases, start=1):
        found = play.play(case)
        count.case(found)
        for sentence in found:
            progress(sentence)
        if number % 25 == 0 or number == len(cases):
            progress(f"{what}: {number} of {len(cases)}, {len(count.violations)} violations")
    return count.proof()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label", default="", help="only labels that hold this text")
    parser.add_argument("--time", type=int, default=1, help="the first or the second time that it is reached")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--day", type=int, help="only those of this day")
    parser.add_argument("--every", type=int, default=1, help="a sample: every so many-th case")
    parser.add_argument("--list", action="store_true", help="say which labels there are, and play nothing")
    parser.add_argument("--at-once", action="store_true", help="two workers on every day, and no crash")
    asked = parser.parse_args()
    with played() as play:
        unreached = play.reference.unreached()
        for label in unreached:
            print(f"never reached: {label}; let a day of crash_scenario.py come to it")
        cases = play.reference.cases(asked.time, asked.workers)
        if asked.at_once:
            cases = [Case(number, None, workers=2) for number in range(len(DAYS))]
        wanted = [case for case in cases if asked.label in (case.label or "") and asked.day in (None, case.day)]
        violations = 0
        for case in wanted[:: asked.every]:
            found = [] if asked.list else play.play(case)
            violations += len(found)
            print(
                case,
                "" if asked.list else "held" if not found else "",
                *found,
                sep="\n    " if found else " ",
                flush=True,
            )
    return 1 if violations or unreached else 0


if __name__ == "__main__":
    raise SystemExit(main())
