"""Where cases are played: one address for all sandboxes, one context whose adapters are made before any fork."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from crash_points import watched
from crash_scenario import Day
from crash_studio import BEGINS_AT, Planned, Studio, copy_database, free_port, sandbox_process, seed
from crash_worker import Arm, Paper, Turned, live

from billing.bootstrap import build_context
from billing.sandbox.server import listen
from billing.sandbox.vsco.routes import DEFAULT_API_KEY
from billing.services.context import Context
from billing.settings import Settings

SENDER_DOMAIN = "northlight.example"


class Theatre:
    """A folder with the template of a world, and what every process here has in common.

    Everything that is imported, compiled and loaded by `live_through` in this process need not be so again in a child.
    """

    def __init__(self, folder: Path, planned: tuple[Planned, ...], closing: ExitStack) -> None:
        self.folder = folder
        self.listener: socket.socket = listen(0)
        closing.callback(self.listener.close)
        self.smtp_port = free_port()
        self.jobs, self.clients = seed(folder / "template.db", planned)
        self.consents: dict[str, dict[str, str | int | None]] = {}
        self._now = folder / "now"
        (folder / "first").mkdir()
        self.first = self.enter(folder / "first")
        copy_database(folder / "template.db", self.first.sandbox)
        self.bare = build_context(self._settings(), closing)

    def _settings(self) -> Settings:
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        return Settings.model_validate(
            {
                "ledger_url": f"sqlite:///{self._now}/ledger.db", "vsco_url": f"{url}/vsco/api/v2",
                "vsco_api_key": DEFAULT_API_KEY, "stripe_api_key": "sk_test_sandbox", "stripe_url": f"{url}/stripe",
                "stripe_requests_per_second": 1000,
                "vsco_requests_per_second": 1000,
                "smtp_host": "127.0.0.1", "smtp_port": self.smtp_port, "smtp_security": "none",
                "studio_name": "North Light", "studio_email": f"hello@{SENDER_DOMAIN}", "studio_country": "DE",
                "time_zone": "Europe/Berlin", "billing_starts_on": "2020-01-01", "delivery_mode": "automatic",
                "autopay_notice_days": 0, "render_workers": 1,
                "owner_email": f"ingrid@{SENDER_DOMAIN}", "concurrency": 1,
                "pixieset_url": f"{url}/pixieset/galleries/api/v1", "pixieset_session_cookie": "sandbox-session",
                "pixieset_csrf_token": "sandbox-csrf",
            }
        )  # fmt: skip

    def enter(self, folder: Path) -> Studio:
        """From now on our ledger is the one in this folder: its path leads through a link."""
        self._now.unlink(missing_ok=True)
        self._now.symlink_to(folder, target_is_directory=True)
        return Studio(folder, self.listener, self.jobs, self.clients, self.consents)

    def enter_copy(self, source: str, target: str) -> Studio:
        """The same, of a copy of one of our folders."""
        (self.folder / target).mkdir()
        for database in ("sandbox.db", "ledger.db"):
            copy_database(self.folder / source / database, self.folder / target / database)
        return self.enter(self.folder / target)

    def keep(self, name: str) -> None:
        """A snapshot of the first world as it stands, under this name."""
        (self.folder / name).mkdir()
        for database in ("sandbox.db", "ledger.db"):
            copy_database(self.first.folder / database, self.folder / name / database)

    def live_through(self, day: Day) -> Arm:
        """One day of the first world without a crash, in this process. The sandbox must be running."""
        arm = Arm()
        live(self.bare, self.first, day.shift(), arm)
        return arm

    def first_day(self, day: Day) -> None:
        """The whole first world: this day alone."""
        with self.sandbox(self.first):
            self.first.set_clock(day.shift().begins_at)
            day.outside(self.first)
            self.live_through(day)
        self.let_go()

    def let_go(self) -> None:
        """No connection and no thread may be there when children are made."""
        self.bare.ledger.close()  # type: ignore[attr-defined]
        self.bare.mailer.close()  # type: ignore[attr-defined]
        if threading.active_count() != 1:
            raise RuntimeError(f"threads are alive, and no child may be made: {threading.enumerate()}")

    def standing(self, arm: Arm, after: timedelta = timedelta(0)) -> Context:
        """The context with its seams watched and its clock standing so long after the beginning."""
        return watched(replace(self.bare, clock=Turned(BEGINS_AT + after), renderer=Paper(frozenset())), arm)

    @contextmanager
    def sandbox(self, studio: Studio) -> Iterator[int]:
        with sandbox_process(self.listener, studio.sandbox, self.smtp_port, studio.folder / "log") as process:
            yield process

    def leave(self, studio: Studio) -> None:
        shutil.rmtree(studio.folder)


@contextmanager
def theatre(planned: tuple[Planned, ...]) -> Iterator[Theatre]:
    """In memory where there is such a place: SIGKILL needs no disk (power loss is another proof)."""
    memory = Path("/dev/shm")
    place = str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crash-", dir=place) as folder, ExitStack() as closing:
        yield Theatre(Path(folder), planned, closing)


def last_words(studio: Studio) -> str:
    """The end of what the processes of a case have said."""
    log = studio.folder / "log"
    return log.read_text(errors="replace")[-1500:] if log.exists() else "no words"
