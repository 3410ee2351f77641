"""The registry of crash points: a label before and after every external call and every commit.

Nobody writes labels into the production code: they follow from its seams. The external calls are the methods of the
outside ports, read from the Protocol classes; the commits are the `….write()` of the ledger that the source holds. So
a new call or a new commit has its labels by itself, and a scenario that does not reach them fails.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import billing
from billing.ports.ledger import Ledger, UnitOfWork
from billing.ports.outside import GalleryHost, Mailer, PaymentGateway, SessionSource
from billing.services.context import Context

OUTSIDE: tuple[type, ...] = (SessionSource, PaymentGateway, GalleryHost, Mailer)
BILLING = Path(billing.__file__).parent
# Where decisions are committed. The command line's own writes are its readers' (a doctor's trial, a dry run's notes).
COMMITTING = ("services", "bootstrap.py", "portal")

Reach = Callable[[str], None]


def expected_labels() -> set[str]:
    """Every label that there is, by the code as it is now."""
    return call_labels() | commit_labels()


def call_labels() -> set[str]:
    return {
        f"{port.__name__}.{name} {when}" for port in OUTSIDE for name in methods(port) for when in ("before", "after")
    }


def methods(port: type) -> list[str]:
    """The public methods of a port, its parents' included."""
    found = inspect.getmembers(port, inspect.isfunction)
    return [name for name, _ in found if not name.startswith("_")]


def commit_labels() -> set[str]:
    return {f"{site} {when}" for site in commit_sites().values() for when in ("before commit", "after commit")}


@cache
def commit_sites() -> dict[tuple[str, int], str]:
    """(file, line of the call) -> "module:function" of each `….write()` on a ledger; numbered where there are more."""
    roots = [BILLING / name for name in COMMITTING]
    files = sorted(path for root in roots for path in ([root] if root.is_file() else root.rglob("*.py")))
    sites: dict[tuple[str, int], str] = {}
    for path in files:
        found = sorted(_writes(ast.parse(path.read_text(encoding="utf-8"))))
        names = [name for _, name in found]
        for at, (line, name) in enumerate(found):
            number = f"#{names[:at].count(name) + 1}" if names.count(name) > 1 else ""
            module = ".".join(path.relative_to(BILLING).with_suffix("").parts)
            sites[str(path), line] = f"{module}:{name}{number}"
    return sites


def _writes(tree: ast.AST, inside: str = "<module>") -> Iterator[tuple[int, str]]:
    for node in ast.iter_child_nodes(tree):
        name = inside
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name if inside == "<module>" else f"{inside}.{node.name}"
        if isinstance(node, ast.Call) and _is_write(node):
            yield node.lineno, inside
        yield from _writes(node, name)


def _is_write(call: ast.Call) -> bool:
    """`ledger.write()`, `ctx.ledger.write()`, `self._ledger.write()`: no arguments, on what is called ledger."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "write" or call.args or call.keywords:
        return False
    of = call.func.value
    name = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
    return name.strip("_") == "ledger"


class WatchedLedger:
    """A ledger that says before and after each commit where it is."""

    def __init__(self, inner: Any, reach: Reach) -> None:
        self._inner, self._reach = inner, reach

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._inner.read()  # type: ignore[no-any-return]

    def write(self) -> AbstractContextManager[UnitOfWork]:
        return self._write(_site(sys._getframe(1)))

    @contextmanager
    def _write(self, site: str) -> Iterator[UnitOfWork]:
        with self._inner.write() as uow:
            yield uow
            self._reach(f"{site} before commit")
        self._reach(f"{site} after commit")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _site(frame: FrameType) -> str:
    """The registered site, or for a test's own commit its file and line, which nobody expects."""
    found = commit_sites().get((frame.f_code.co_filename, frame.f_lineno))
    return found or f"{Path(frame.f_code.co_filename).stem}:{frame.f_code.co_name}"


class WatchedPort:
    """Something outside that says before and after each call what it is."""

    def __init__(self, inner: Any, port: type, reach: Reach) -> None:
        self._inner, self._port, self._reach = inner, port.__name__, reach
        self._methods = frozenset(methods(port))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._watched(name, found) if name in self._methods else found

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        label = f"{self._port}.{name}"

        def watched(*args: Any, **kwargs: Any) -> Any:
            self._reach(f"{label} before")
            answer = call(*args, **kwargs)
            if isinstance(answer, Iterator):
                return self._each(label, answer)
            self._reach(f"{label} after")
            return answer

        return watched

    def _each(self, label: str, answers: Iterator[Any]) -> Iterator[Any]:
        """Page after page: each is a call of its own, made when it is asked for."""
        for answer in answers:
            self._reach(f"{label} after")
            yield answer
            self._reach(f"{label} before")
        self._reach(f"{label} after")


def watched(ctx: Context, reach: Reach) -> Context:
    """The same context, with every seam watched."""
    ledger: Ledger = WatchedLedger(ctx.ledger, reach)
    return replace(
        ctx,
        ledger=ledger,
        source=WatchedPort(ctx.source, SessionSource, reach),
        gateway=WatchedPort(ctx.gateway, PaymentGateway, reach),
        galleries={name: WatchedPort(host, GalleryHost, reach) for name, host in ctx.galleries.items()},
        mailer=WatchedPort(ctx.mailer, Mailer, reach),
    )
