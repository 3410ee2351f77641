"""Killing a worker at a crash point, recovering, and holding the end against that of a world without a crash.

`python tests/reliability/crash_cases.py --list` says which labels there are and where they are reached, `--label L`
shows one of them, all options as in `--help`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from crash_facts import Facts, differences, facts
from crash_points import expected_labels
from crash_scenario import DAYS, SESSIONS, Day, is_exempt
from crash_studio import Studio, copy_database, ended, forked, free_port, sandbox_process, seed
from crash_worker import ANY_LABEL, Arm, live

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.engine import open_engine
from billing.bootstrap import SQL, build_house
from billing.sandbox.server import listen
from billing.sandbox.vsco.routes import DEFAULT_API_KEY
from billing.services.house import House
from billing.settings import Settings

SENDER_DOMAIN = "northlight.example"
KILLED = -signal.SIGKILL
AFTER_A_CRASH = timedelta(minutes=20)  # the machine is up again, and the leases of the dead worker have lapsed
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Case:
    """Kill at the `nth` time that `label` is reached on a day, with `workers`; `again`: and once more in recovery."""

    day: int
    label: str
    nth: int = 1
    workers: int = 1
    again: int = 0  # the how-manieth label of the recovery; 0: the recovery is left in peace

    def __str__(self) -> str:
        more = f", again at its recovery's label {self.again}" if self.again else ""
        return f"{self.label!r} time {self.nth} on day {self.day} ({DAYS[self.day].name}), {self.workers} workers{more}"


@dataclass
class Reference:
    """The world without a crash: the labels of each day in their order, and the facts at its end."""

    traces: list[list[str]]
    ends: list[Facts]

    def cases(self, times: Sequence[int] = (1,), workers: Sequence[int] = (1,)) -> list[Case]:
        """Each label the first (second, …) time it is reached in the whole scenario."""
        found: dict[tuple[str, int], Case] = {}
        seen: dict[str, int] = {}
        for number, trace in enumerate(self.traces):
            today: dict[str, int] = {}
            for label in trace:
                seen[label] = seen.get(label, 0) + 1
                today[label] = today.get(label, 0) + 1
                if seen[label] in times:
                    found[label, seen[label]] = Case(number, label, today[label])
        return [replace(case, workers=count) for count in workers for case in found.values()]

    def reached(self) -> set[str]:
        return {label for trace in self.traces for label in trace}


class Theatre:
    """Where cases are played: one address for all sandboxes, one house whose adapters are made before any fork."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.folder = folder
        self.listener: socket.socket = listen(0)
        closing.callback(self.listener.close)
        self.smtp_port = free_port()
        self.jobs, self.clients = seed(folder / "template.db", SESSIONS)
        self.consents: dict[str, dict[str, str | int | None]] = {}
        self._played = 0
        self._now = folder / "now"
        (folder / "reference").mkdir()
        self.first = self._enter(folder / "reference")
        self.bare = self._house(closing)

    def _house(self, closing: ExitStack) -> House:
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        settings = Settings.model_validate(
            {
                "ledger_url": f"sqlite:///{self._now}/ledger.db", "vsco_url": f"{url}/vsco/api/v2",
                "vsco_api_key": DEFAULT_API_KEY, "stripe_api_key": "sk_test_sandbox", "stripe_url": f"{url}/stripe",
                "stripe_requests_per_second": 1000,
                "smtp_host": "127.0.0.1", "smtp_port": self.smtp_port, "smtp_security": "none",
                "studio_name": "North Light", "studio_email": f"hello@{SENDER_DOMAIN}", "studio_country": "DE",
                "time_zone": "Europe/Berlin", "billing_starts_on": "2020-01-01", "delivery_mode": "automatic",
                "render_workers": 1, "owner_email": f"ingrid@{SENDER_DOMAIN}", "concurrency": 1,
                "pixieset_url": f"{url}/pixieset/galleries/api/v1", "pixieset_session_cookie": "sandbox-session",
                "pixieset_csrf_token": "sandbox-csrf",
            }
        )  # fmt: skip
        return build_house(settings, closing)

    def _enter(self, folder: Path) -> Studio:
        """From now on the house's ledger is the one in this folder: its path leads through a link."""
        self._now.unlink(missing_ok=True)
        self._now.symlink_to(folder, target_is_directory=True)
        return Studio(folder, self.listener, self.jobs, self.clients, self.consents)

    def reference(self) -> Reference:
        """Live through all days without a crash, keeping a snapshot before each.

        In this process: what is imported, compiled and loaded here need not be so again in any child.
        """
        traces, ends = [], []
        studio = self.first
        copy_database(self.folder / "template.db", studio.sandbox)
        with self.sandbox(studio):
            for number, day in enumerate(DAYS):
                studio.set_clock(day.shift().begins_at)
                day.outside(studio)
                self._snapshot(studio, number)
                arm = Arm()
                live(self.bare, studio, day.shift(), arm)
                traces.append(arm.reached)
                ends.append(facts(studio.ledger, studio.sandbox, SENDER_DOMAIN))
        self._let_go()
        return Reference(traces, ends)

    def _let_go(self) -> None:
        """No connection and no thread may be there when children are made."""
        self.bare.ledger.close()  # type: ignore[attr-defined]
        self.bare.mailer.close()  # type: ignore[attr-defined]
        if threading.active_count() != 1:
            raise RuntimeError(f"threads are alive, and no child may be made: {threading.enumerate()}")

    def _snapshot(self, studio: Studio, number: int) -> None:
        kept = self.folder / f"day{number}"
        kept.mkdir()
        copy_database(studio.sandbox, kept / "sandbox.db")
        copy_database(studio.ledger, kept / "ledger.db")

    @contextmanager
    def sandbox(self, studio: Studio) -> Iterator[int]:
        with sandbox_process(self.listener, studio.sandbox, self.smtp_port, studio.folder / "log") as process:
            yield process

    def play(self, case: Case, reference: Reference) -> list[str]:
        """Crash, recover, recover again: the violations, a sentence each; none is what was promised."""
        self._played += 1
        folder = self.folder / f"case{self._played}"
        shutil.copytree(self.folder / f"day{case.day}", folder)
        studio = self._enter(folder)
        try:
            with self.sandbox(studio):
                return [f"{case}: {sentence}" for sentence in self._play(case, studio, reference)]
        finally:
            shutil.rmtree(studio.folder)

    def _play(self, case: Case, studio: Studio, reference: Reference) -> list[str]:
        codes = self._shift(case, studio, 0, [self._arm(case, studio)] * case.workers)
        if KILLED not in codes:
            return [f"nobody was killed, the workers ended with {codes}: {_last_words(studio)}"]
        if case.again:
            self._shift(case, studio, 1, [Arm(ANY_LABEL, case.again)])
        for number in (2, 3):
            [code] = self._shift(case, studio, number, [Arm()])
            if code != 0:
                return [f"recovery {number - 1} ended with {code}: {_last_words(studio)}"]
            found = self._compare(case, studio, reference)
            if found:
                return [f"after recovery {number - 1}: {sentence}" for sentence in found]
        return []

    def _arm(self, case: Case, studio: Studio) -> Arm:
        return Arm(case.label, case.nth, studio.folder / "claim" if case.workers > 1 else None)

    def _shift(self, case: Case, studio: Studio, number: int, arms: Sequence[Arm]) -> list[int]:
        """Workers at once, each in a process of its own; how each ended."""
        shift = DAYS[case.day].shift()
        later = replace(shift, begins_at=shift.begins_at + number * AFTER_A_CRASH)
        workers = [
            forked(lambda arm=arm: live(self.bare, studio, later, arm), studio.folder / "log")  # type: ignore[misc]
            for arm in arms
        ]
        return [ended(worker) for worker in workers]

    def _compare(self, case: Case, studio: Studio, reference: Reference) -> list[str]:
        ours = facts(studio.ledger, studio.sandbox, SENDER_DOMAIN)
        return differences(ours, reference.ends[case.day]) + broken_checks(studio, DAYS[case.day])


def broken_checks(studio: Studio, day: Day) -> list[str]:
    engine = open_engine(f"sqlite:///{studio.ledger}")
    try:
        results = run_checks(engine, SQL, now=day.shift().begins_at)
    finally:
        engine.dispose()
    return [f"not true: {one.sentence} {one.violations[:2]}" for one in results if not one.holds]


def _last_words(studio: Studio) -> str:
    log = studio.folder / "log"
    return log.read_text(errors="replace")[-1500:] if log.exists() else "no words"


@contextmanager
def theatre() -> Iterator[Theatre]:
    """In memory where there is such a place: SIGKILL needs no disk (power loss is another proof)."""
    memory = Path("/dev/shm")
    place = str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crash-", dir=place) as folder, ExitStack() as closing:
        yield Theatre(Path(folder), closing)


def unreached(reference: Reference) -> list[str]:
    """Labels that the scenario does not come to, and that no reason excuses."""
    return sorted(label for label in expected_labels() - reference.reached() if not is_exempt(label))


def main() -> None:
    with theatre() as here:
        began = time.perf_counter()
        reference = here.reference()
        print(f"reference {time.perf_counter() - began:.1f} s, {[len(t) for t in reference.traces]}")
        for label in unreached(reference):
            print("never reached", label)
        if len(sys.argv) > 1:
            for case in reference.cases():
                if sys.argv[1] in case.label:
                    began = time.perf_counter()
                    print(case, here.play(case, reference), f"{time.perf_counter() - began:.2f}", flush=True)


if __name__ == "__main__":
    main()
