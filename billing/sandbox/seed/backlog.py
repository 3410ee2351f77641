"""Many simple sessions at once, for measuring."""

from __future__ import annotations

import random
from datetime import timedelta

from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed.people import PEOPLE
from billing.sandbox.seed.plan import PlannedJob
from billing.sandbox.seed.sessions import Booking, Seeder
from billing.sandbox.seed.studio import make_studio
from billing.sandbox.store import Store
from billing.sandbox.vsco.records import studio_today


def add_backlog(store: Store, clock: SandboxClock, count: int, currency: str = "EUR") -> list[PlannedJob]:
    """`count` fulfilled sessions of `count` new invoice clients, one order and one gallery each, nothing paid."""
    with store.transaction():
        seeder = Seeder(store, clock, make_studio(store, clock, currency), random.Random(count))  # noqa: S311
        today = studio_today(store, clock)
        booking = Booking(session_on=today, booked_on=today - timedelta(days=30), retainer_percent=0)
        booking.stage = "fulfillment"
        jobs = []
        for _ in range(count):
            number = store.next_number("backlog")
            person = PEOPLE[number % len(PEOPLE)]
            email = f"backlog.{number}@example.org"
            client = seeder.client(person, "invoice", email=email, card=None, pays_after=1)
            jobs.append(seeder.session(client, booking))
    return jobs
