"""Sessions that no believable studio has and each must survive: names that act, scripts, and taxes from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed import SeedPlan, seed_studio
from billing.sandbox.seed.people import Person
from billing.sandbox.seed.plan import PlannedClient, PlannedJob
from billing.sandbox.seed.sessions import Booking, Seeder
from billing.sandbox.seed.studio import TaxRate, add_tax_group
from billing.sandbox.store import Store

HOSTILE = "<img src=http://evil.example/x>"
_NAMES = {
    "hostile_name": (HOSTILE, "O'Brien"),
    "right_to_left": ("ليلى", "الحداد"),
    "formula_name": ("=1+1", "@SUM(A1)"),
    "greek_name": ("Ελένη", "Παπαδοπούλου"),
    "cyrillic_name": ("Олександра", "Коваленко"),
    "stacked_marks": ("Thị Hương", "Nguyễn"),
}
# Every shape that taxes have on this wire beside those of the studio itself: (name, per cent, included in the price).
_TAXES: dict[str, tuple[str, bool, list[TaxRate]]] = {
    "two_rates": ("State and city", False, [("State tax", 6.25, False), ("City tax", 1.5, False)]),
    "compounding": ("GST and PST", True, [("GST", 5.0, False), ("PST", 7.0, False)]),
}


def seed_with_strangers(
    store: Store, clock: SandboxClock, *, sessions: int, seed: int, currency: str = "EUR"
) -> SeedPlan:
    """The believable studio, and all of these beside it."""
    return seed_studio(store, clock, sessions=sessions, seed=seed, currency=currency, more=strangers)


def strangers(seeder: Seeder, today: date) -> list[tuple[PlannedClient, PlannedJob]]:
    """One session of each; each job's `difficulty` names what is strange about it."""
    booking = Booking(kind="Family", booked_on=today - timedelta(days=40))
    made = []
    for day, (name, (first, last)) in enumerate(_NAMES.items(), 12):
        made.append(
            _session(seeder, replace(booking, session_on=today + timedelta(days=day), difficulty=name), first, last)
        )
    for day, (name, (title, compounding, rates)) in enumerate(_TAXES.items(), 20):
        group = add_tax_group(seeder.store, seeder.clock, title, rates, compounding=compounding)
        seeder.studio.tax_groups[name] = group
        taxed = replace(booking, kind="Wedding", tax=name, travel_is_taxed=False, difficulty=name)
        made.append(_session(seeder, replace(taxed, session_on=today + timedelta(days=day)), "Robin", title))
    return made


def _session(seeder: Seeder, booking: Booking, first: str, last: str) -> tuple[PlannedClient, PlannedJob]:
    number = sum(map(ord, first + last))
    person = Person(first, last, f"client.{number}", "en", "IE", "1 Quay Street", "H91 E7RF", "Galway")
    client = seeder.client(person, "invoice", email=f"{person.mailbox}@example.org", card=None, pays_after=2)
    return client, seeder.session(client, booking)
