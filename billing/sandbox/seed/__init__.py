"""Seeding a believable studio: `seed_studio` makes it, and returns the plan of what will happen to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed.backlog import add_backlog
from billing.sandbox.seed.difficult import Made, difficult_sessions
from billing.sandbox.seed.money_back import money_back_sessions
from billing.sandbox.seed.people import PEOPLE, Person
from billing.sandbox.seed.plan import PlannedClient, PlannedJob, SeedPlan
from billing.sandbox.seed.sessions import Booking, Seeder
from billing.sandbox.seed.studio import JOB_TYPES, NAME, TIMEZONE, make_studio
from billing.sandbox.sessions import complete_session
from billing.sandbox.store import Body, Store
from billing.sandbox.vsco.records import studio_today
from billing.sandbox.vsco.routes import DEFAULT_API_KEY

__all__ = ["PlannedClient", "PlannedJob", "SeedPlan", "add_backlog", "complete_session", "seed_studio"]

_CARDS = (
    *("pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_visa", "pm_card_chargeCustomerFail"),
    *("pm_card_amex", "pm_card_visa", "pm_card_authenticationRequired", "pm_card_mastercard"),
    *("pm_card_visa_chargeDeclinedInsufficientFunds",),
)
_PAYS_AFTER: tuple[int | None, ...] = (0, 1, 3, 6, 20, 2, 12, None, 1, 35)
_DAYS_AHEAD = 84
_ELSEWHERE_IN_THE_EU = ("AT", "DE", "ES", "FR")  # of the countries that people here come from


def seed_studio(
    store: Store,
    clock: SandboxClock,
    *,
    sessions: int,
    seed: int,
    stripe_base: str | None = None,
    currency: str = "EUR",
    more: Callable[[Seeder, date], list[Made]] = lambda _seeder, _today: [],
) -> SeedPlan:
    """North Light with `sessions` ordinary booked sessions over the next twelve weeks, and one of each difficult kind.

    `more` makes further sessions, such as a test wants them. The same seed, at the same clock time, in an empty store
    gives the same world to the last id.
    """
    with store.transaction():
        studio = make_studio(store, clock, currency)
        seeder = Seeder(store, clock, studio, random.Random(seed))  # noqa: S311 - chance for a story, not for secrets
        today = studio_today(store, clock)
        made = _ordinary_sessions(seeder, sessions, today) + difficult_sessions(seeder, today)
        made += money_back_sessions(seeder, today) + more(seeder, today)
        clients = list({client.contact_id: client for client, _ in made}.values())
        jobs = sorted((job for _, job in made), key=lambda job: (job.completes_on or "", job.id))
        plan = SeedPlan(
            studio_name=NAME,
            currency=currency,
            timezone=TIMEZONE,
            api_key=store.setting("vsco:api_key") or DEFAULT_API_KEY,
            preference_field_id=studio.preference_field_id,
            language_field_id=studio.language_field_id,
            clients=clients,
            jobs=jobs,
            stripe_base=stripe_base,
        )
        plan.save(store)
    return plan


def _ordinary_sessions(seeder: Seeder, count: int, today: date) -> list[tuple[PlannedClient, PlannedJob]]:
    clients: list[PlannedClient] = []
    made = []
    for number in range(count):
        returning = clients and seeder.chance.random() < 0.2
        client = seeder.chance.choice(clients) if returning else _client(seeder, len(clients))
        if not returning:
            clients.append(client)
        booking = _booking(seeder.chance, number, today)
        made.append((client, seeder.session(client, replace(booking, tax=_tax(booking.kind, client.country)))))
    return made


def _client(seeder: Seeder, number: int) -> PlannedClient:
    """Every other client pays by saved card; cards and manners go round, so that small studios have all of them."""
    person = _person(number)
    email = f"{person.mailbox}@{('example.com', 'example.org', 'example.net')[number % 3]}"
    if number % 2 == 0:
        card = _CARDS[number // 2 % len(_CARDS)]
        return seeder.client(person, "autopay", email=email, card=card, pays_after=3)
    pays_after = _PAYS_AFTER[number // 2 % len(_PAYS_AFTER)]
    return seeder.client(person, "invoice", email=email, card=None, pays_after=pays_after)


def _person(number: int) -> Person:
    """Beyond the list, first and last names of one language meet anew."""
    person, turn = PEOPLE[number % len(PEOPLE)], number // len(PEOPLE)
    if not turn:
        return person
    kin = [other for other in PEOPLE if other.language == person.language]
    other = kin[(kin.index(person) + turn) % len(kin)]
    return replace(person, last=other.last, mailbox=f"{person.mailbox}.{turn + 1}")


def _tax(kind: str, country: str) -> str:
    """People are told prices with their tax; a business is not, and accounts for it itself elsewhere in the EU."""
    if kind != "Commercial":
        return "included"
    return "reverse_charge" if country in _ELSEWHERE_IN_THE_EU else "business"


def _booking(chance: random.Random, number: int, today: date) -> Booking:
    ahead = 1 + (number * 37 + chance.randint(0, 20)) % _DAYS_AHEAD
    percent: Body = {"percentage": 10}
    return Booking(
        kind=JOB_TYPES[number % len(JOB_TYPES)],
        session_on=today + timedelta(days=ahead),
        booked_on=today - timedelta(days=chance.randint(20, 200)),
        retainer_percent=chance.choice((0, 25, 30, 30, 50)),
        pre_tax_discount=percent if number % 7 == 3 else None,
        after_tax_discount={"fixedAmount": 5_000} if number % 11 == 5 else None,
        prints=chance.randint(1, 6),
        gallery=chance.choices(("vsco", "pixieset", "none"), (60, 30, 10))[0],
    )
