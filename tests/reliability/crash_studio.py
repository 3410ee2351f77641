"""The studio of the crash tests: its sandbox in a process of its own, and what its people do by key of the session."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pysqlite3.dbapi2 as sqlite3  # the ledger's own driver: two SQLites in one process undo each other's locks

from billing.cli.demo.world import World
from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed.people import PEOPLE
from billing.sandbox.seed.plan import PlannedClient, PlannedJob
from billing.sandbox.seed.sessions import Booking, Seeder
from billing.sandbox.seed.studio import make_studio
from billing.sandbox.server import RunningSandbox, listen, serve
from billing.sandbox.store import Store

BEGINS_AT = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)  # eight in the morning where the studio is
_DIES_WITH_PARENT = 1  # prctl(2), PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Planned:
    """One session of the scenario: its client saves `card`, or pays by the link; `gallery` as in the seed."""

    key: str
    card: str | None = None
    gallery: str = "none"
    email: str | None = ""  # "": one of their own; None: nobody knows it
    session_on: date = date(2026, 12, 1)


@dataclass
class Studio:
    """What is outside, and a look into the ledger for whoever needs a number or a link. One for each case."""

    folder: Path
    listener: socket.socket
    jobs: dict[str, PlannedJob] = field(default_factory=dict)
    clients: dict[str, PlannedClient] = field(default_factory=dict)
    consents: dict[str, dict[str, str | int | None]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    @property
    def sandbox(self) -> Path:
        return self.folder / "sandbox.db"

    @cached_property
    def world(self) -> World:
        return World(self.url)

    def set_clock(self, at: datetime) -> None:
        self.control("clock", freeze=at.isoformat())

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        return self._post(f"/sandbox/{path}", body)

    def stripe(self, path: str, **body: Any) -> dict[str, Any]:
        """What the bank, the client or somebody at Stripe's own dashboard does."""
        return self._post(f"/stripe/admin/{path}", body)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}{path}", json=body, timeout=30, verify=_NO_TLS)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def accepted(self) -> set[str]:
        """The Message-IDs that the mail server has taken."""
        answer = httpx.get(f"{self.url}/sandbox/effects", params={"kind": "mail.accepted"}, verify=_NO_TLS)
        return {str(effect["subject"]) for effect in answer.raise_for_status().json()["effects"]}

    def save_card(self, key: str) -> dict[str, str | int | None]:
        """The client saves a card on the studio's page; the consent that is recorded for it."""
        client = self.clients[key]
        customer, method, label = self.world.save_card(client.name, client.email or "", client.card or "")
        named = {"client_id": client.contact_id, "customer_id": customer, "payment_method_id": method}
        return named | {"label": label, "text_version": "2026-01", "consented_at": BEGINS_AT.isoformat()}

    def complete(self, *keys: str) -> None:
        for key in keys:
            self.world.complete(self.jobs[key].id)

    def pay(self, key: str, card: str = "4242424242424242") -> None:
        """The client pays the newest link of the session's invoice."""
        link = self.row(
            "select link_id from pay_links where closed_at is null and invoice_id = ?"
            " order by created_at desc, link_id desc",
            self.invoice(key),
        )
        self.stripe("pay", payment_link=link[0], card=card, authenticate=True)

    def invoice(self, key: str) -> str:
        """The id of the session's newest invoice."""
        found = self.row(
            "select invoice_id from invoices where session_id = ? order by revision desc", f"vsco:{self.jobs[key].id}"
        )
        return str(found[0])

    def number(self, key: str) -> str:
        return str(self.row("select number from invoices where invoice_id = ?", self.invoice(key))[0])

    def owed(self, key: str) -> int:
        return int(
            self.row(
                "select amount_due_minor - (select coalesce(sum(amount_minor), 0) from allocations a"
                " where a.invoice_id = i.invoice_id) from invoices i where invoice_id = ?",
                self.invoice(key),
            )[0]
        )

    def payment(self, key: str) -> str:
        """The provider's id of the first payment that it took for the session's invoice."""
        found = self.row(
            "select provider_object_id from payments where provider = 'stripe' and invoice_id = ? order by captured_at",
            self.invoice(key),
        )
        return str(found[0])

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """What the sandbox keeps of one kind, oldest first."""
        with closing(sqlite3.connect(f"file:{self.sandbox}?mode=ro", uri=True)) as store:
            rows = store.execute("select body from objects where kind = ? order by seq", (kind,)).fetchall()
        return [json.loads(body) for (body,) in rows]

    def happened(self, kind: str) -> int:
        """How often the oracle has counted an effect of this kind."""
        with closing(sqlite3.connect(f"file:{self.sandbox}?mode=ro", uri=True)) as store:
            return int(store.execute("select count(*) from effects where kind = ?", (kind,)).fetchone()[0])

    def row(self, query: str, *values: Any) -> tuple[Any, ...]:
        rows = self.rows(query, *values)
        if not rows:
            raise LookupError(f"nothing found by {query} {values}")
        return rows[0]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as ledger:
            return ledger.execute(query, values).fetchall()


_NO_TLS = False  # the sandbox speaks plain HTTP, and loading the certificates takes 60 ms


def seed(path: Path, planned: tuple[Planned, ...]) -> tuple[dict[str, PlannedJob], dict[str, PlannedClient]]:
    """A new world at `path` in which nothing has been completed yet. The same each time, to the last id."""
    with closing(Store(path)) as store:
        clock = SandboxClock(store)
        clock.freeze(BEGINS_AT)
        with store.transaction():
            seeder = Seeder(store, clock, make_studio(store, clock, "EUR"), Random(3))
            jobs, clients = {}, {}
            for at, one in enumerate(planned):
                clients[one.key] = _client(seeder, one, at)
                booking = Booking(
                    kind="Portrait", session_on=one.session_on, booked_on=date(2026, 4, 1),
                    retainer_percent=0, gallery=one.gallery,
                )  # fmt: skip
                jobs[one.key] = seeder.session(clients[one.key], booking)
    return jobs, clients


def _client(seeder: Seeder, one: Planned, at: int) -> PlannedClient:
    person = PEOPLE[at % len(PEOPLE)]
    email = f"{one.key}@example.org" if one.email == "" else one.email
    return seeder.client(person, "autopay" if one.card else "invoice", email=email, card=one.card, pays_after=None)


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy, whatever is in its WAL."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def forked(work: Callable[[], None], log: Path) -> int:
    """Run `work` in a child without threads or signals of ours; its words go to `log`. Returns its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
        words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(words, 1)
        os.dup2(words, 2)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(process: int) -> int:
    """Wait for a child: its exit code, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@contextmanager
def sandbox_process(listener: socket.socket, state: Path, smtp_port: int, log: Path) -> Iterator[int]:
    """The world of `state`, answering at the listener until the end; whoever calls it may be killed meanwhile."""
    ready, tell = os.pipe()

    def live() -> None:
        def announce(running: RunningSandbox) -> None:
            os.write(tell, b"1")

        store = Store(state)
        asyncio.run(serve(store, SandboxClock(store), listener, smtp_port, announce))

    process = forked(live, log)
    os.close(tell)
    try:
        if os.read(ready, 1) != b"1":
            raise RuntimeError(f"The sandbox did not start: {log.read_text()[-500:]}")
        yield process
    finally:
        os.close(ready)
        os.kill(process, signal.SIGKILL)
        ended(process)


def free_port() -> int:
    with closing(listen(0)) as listener:
        return int(listener.getsockname()[1])


def day(number: int) -> datetime:
    """Eight in the morning of the scenario's day."""
    return BEGINS_AT + timedelta(days=number)
