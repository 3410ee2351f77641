"""Running the Dagster jobs from outside: a process that lives long, one line in, one line of JSON out.

The CLI knows nothing of Dagster: it knows this protocol. `round` runs the jobs that act, `reconcile`
compares the books with the outside, `refresh` rebuilds the warehouse; the answer is {"jobs": {name: success},
"seconds": x, "trouble": [sentence]}.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from billing.domain.errors import PermanentError

JOBS = (sys.executable, "-m", "pipelines.demo")
_PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Round:
    """What one request did."""

    jobs: dict[str, bool]
    seconds: float
    trouble: tuple[str, ...] = ()

    @property
    def failed(self) -> list[str]:
        """A sentence for each run that did not succeed."""
        return list(self.trouble) or [f"{name} failed" for name, success in self.jobs.items() if not success]


class Rounds:
    """The process that runs the jobs."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log

    def ask(self, request: str) -> Round:
        """PermanentError if the process has died; its last words are in the sentence."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._dead() from None
        for line in self._process.stdout:
            if line.startswith("{"):  # whatever else is printed there is not for us
                answer = json.loads(line)
                return Round(answer["jobs"], float(answer["seconds"]), tuple(answer.get("trouble", ())))
        raise self._dead()

    def _dead(self) -> PermanentError:
        words = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return PermanentError("jobs_died", f"The Dagster jobs stopped: {words[-1][:300]} (see {self._log}).")


@contextmanager
def running_rounds(env: Mapping[str, str], directory: Path, command: Sequence[str] = JOBS) -> Iterator[Rounds]:
    """The jobs' process, started in `directory` and ended with it; what it logs goes to jobs.log there."""
    log = directory / "jobs.log"
    with open(log, "a", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, env=dict(env), cwd=directory,
            text=True,
        )  # fmt: skip
        try:
            yield Rounds(process, log)
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.communicate("quit\n", timeout=_PATIENCE_SECONDS)
    except (BrokenPipeError, ValueError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
