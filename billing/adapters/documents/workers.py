"""Processes that set documents. Each can be ended without harm to what the others are doing.

Each has a line of its own to the process that started it, and shares no queue and no lock with another: so one that is
killed takes nothing along but the document that it was at.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from shutil import rmtree
from time import monotonic

from billing.adapters.documents.sheet import DocumentKind
from billing.domain.errors import PermanentError
from billing.ports.outside import RenderJob

START_SECONDS = 120  # a second of processor time goes into importing WeasyPrint; a busy machine has little of it
# Not "fork": a fork of a process with threads (Dagster's, the portal's) may hold their locks for ever.
_CONTEXT = get_context("forkserver")
_MAIN_IS_HIDDEN = threading.Lock()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no document. Exceptions with arguments of their own do not survive the way back."""

    code: str
    sentence: str


@dataclass(slots=True)
class Task:
    """One job, and how many processes died over it."""

    job: RenderJob
    kind: DocumentKind
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says once it can begin."""


Word = Ready | Refusal | bytes  # all that a worker ever says


class Worker:
    """One process, which is starting, free, or at work on `task`; in the first and last case until `due_at`.

    `due_at` is by time.monotonic, and None while the worker is free. `end()` ends it at once, whatever it is doing.
    """

    def __init__(self) -> None:
        self.task: Task | None = None
        self.begun_at = monotonic()
        self.due_at: float | None = self.begun_at + START_SECONDS
        folder = tempfile.mkdtemp(prefix="billing-fonts-")
        self.line, far_end = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(far_end, folder), daemon=True)
        # Also when nobody asks: a killed process cannot put away its fonts itself.
        self.end = weakref.finalize(self, _end, self._process, self.line, folder)
        with _without_main():
            self._process.start()
        far_end.close()

    @property
    def is_free(self) -> bool:
        return self.due_at is None

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def has_worked_for(self, seconds: float) -> bool:
        """Whether it is at one document for longer than that."""
        return self.task is not None and monotonic() - self.begun_at > seconds

    def give(self, task: Task, seconds: float) -> None:
        """Let a free worker begin on a task, which it is given so many seconds for."""
        self.task, self.begun_at = task, monotonic()
        self.due_at = self.begun_at + seconds
        with suppress(OSError):  # it died while it was free; `hear` will find the line closed
            self.line.send((task.job, task.kind))

    def hear(self) -> Word | None:
        """What it has to say; None if it died."""
        try:
            word: Word = self.line.recv()
        except (EOFError, OSError):
            return None
        self.due_at = None
        return word


def _end(process: BaseProcess, line: Connection, folder: str) -> None:
    """At once, whatever it is doing."""
    line.close()
    if process.pid is not None:
        process.kill()
        process.join()
    rmtree(folder, ignore_errors=True)


def listen(crew: Sequence[Worker], at_most: float) -> tuple[list[Worker], list[Worker]]:
    """Wait until a worker has something to say, has died or is overdue, at most so long: those to hear, the overdue."""
    at_work = {worker.line: worker for worker in crew if worker.due_at is not None}
    next_due = min((worker.due_at for worker in at_work.values() if worker.due_at is not None), default=monotonic())
    heard = wait(at_work, max(0.0, min(next_due - monotonic(), at_most)))
    now = monotonic()
    overdue = [w for line, w in at_work.items() if line not in heard and w.due_at is not None and w.due_at <= now]
    return [worker for line, worker in at_work.items() if line in heard], overdue


def _work(line: Connection, folder: str) -> None:  # pragma: no cover  # runs in processes that coverage does not see
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers
    tempfile.tempdir = folder
    _end_with_parent(folder)
    try:
        from billing.adapters.documents import press
        from billing.adapters.documents.typesetter import typeset

        with press.sealed():
            press.fonts()
    except Exception as error:
        line.send(Refusal("renderer_died", f"{type(error).__name__}: {error}"))
        return
    line.send(Ready())
    while True:
        try:
            job, kind = line.recv()
        except EOFError:  # the parent is gone
            rmtree(folder, ignore_errors=True)
            return
        try:
            line.send(typeset(job, kind))
        except PermanentError as error:
            line.send(Refusal(error.code, error.sentence))
        except Exception as error:
            line.send(Refusal("unforeseen", f"{type(error).__name__}: {error}"))


def _end_with_parent(folder: str) -> None:  # pragma: no cover  # the same
    """Stop when the process that started this one is gone, even in the midst of a document."""
    parent = parent_process()

    def end() -> None:
        if parent is not None:
            parent.join()
            rmtree(folder, ignore_errors=True)
            os._exit(1)

    threading.Thread(target=end, daemon=True).start()


@contextmanager
def _without_main() -> Iterator[None]:
    """Let a worker that is started here not import the program that starts it, as multiprocessing would have it.

    A worker needs nothing of it; Dagster's costs a second and a hundred megabytes, Streamlit's is a page that stops.
    """
    main = sys.modules["__main__"]
    with _MAIN_IS_HIDDEN:
        spec, file = main.__spec__, main.__dict__.pop("__file__", None)
        main.__spec__ = None
        try:
            yield
        finally:
            main.__spec__ = spec
            if file is not None:
                main.__file__ = file
