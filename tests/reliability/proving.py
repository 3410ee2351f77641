"""Running one long form by its name, here or in a process beside; whatever it does, it ends in proofs."""

from __future__ import annotations

import importlib
import sys
import time
import traceback
from multiprocessing import get_context
from multiprocessing.connection import Connection

from proof import LongForm, Proof


def prove_form(name: str, long: bool, began: float) -> list[Proof]:
    """Progress goes to stderr with the minutes since `began` (time.monotonic)."""

    def progress(sentence: str) -> None:
        print(f"{clock(time.monotonic() - began)}  {sentence}", file=sys.stderr, flush=True)

    progress(f"{name} begins")
    try:
        form: LongForm = importlib.import_module(name).prove
        return form(long, progress)
    except Exception as error:
        traceback.print_exc()
        return [_broken_off(name, f"{type(error).__name__}: {error}")]


class Beside:
    """The same in a process of its own. Here no thread is begun for it, because crash_cases forks."""

    def __init__(self, name: str, long: bool, began: float) -> None:
        self._name = name
        self._proofs, theirs = get_context("spawn").Pipe(duplex=False)
        self._process = get_context("spawn").Process(target=_prove_and_send, args=(theirs, name, long, began))
        self._process.start()
        theirs.close()

    def proofs(self) -> list[Proof]:
        """Waits for them."""
        try:
            found: list[Proof] = self._proofs.recv()
        except EOFError:
            found = [_broken_off(self._name, "its process was killed")]
        self._process.join()
        return found


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _prove_and_send(to: Connection, name: str, long: bool, began: float) -> None:
    to.send(prove_form(name, long, began))


def _broken_off(name: str, why: str) -> Proof:
    command = f".venv/bin/python tests/reliability --only {name}"
    return Proof(name, 0, (f"{name} broke off: {why}",), 0.0, command)
