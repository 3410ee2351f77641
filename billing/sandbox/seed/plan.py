"""What a seeded studio is made of: the demo driver and the tests read the plan, the business never does."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from billing.sandbox.store import Body, Store

PLAN_KIND, PLAN_ID = "sandbox.plan", "plan"
GOOD_CARD = "pm_card_visa"  # a token: no number lies in any file


@dataclass(frozen=True)
class PlannedClient:
    """One client and how he or she will behave. `pays_link_after_days` None means: never pays the link.

    `card` is saved for autopay, `pays_with` is typed on the page behind a link; both are test cards of Stripe's. Who
    `pays_in` another currency than the studio's does so on a page that was made for them by hand.
    """

    contact_id: str
    name: str
    email: str | None
    language: str
    country: str
    preference: str
    card: str | None = None
    pays_link_after_days: int | None = None
    behaviour: str = "prompt"
    pays_with: str = GOOD_CARD
    pays_in: str | None = None


@dataclass(frozen=True)
class PlannedJob:
    """One session: on `completes_on` (the studio's date, ISO) the photographer marks it done; None is never.

    `gallery` is vsco | pixieset | none; a pixieset one is also a VSCO gallery, whose remoteId names the collection.
    """

    id: str
    name: str
    contact_id: str
    completes_on: str | None
    session_on: str
    order_id: str | None
    total_minor: int
    balance_minor: int
    gallery: str
    gallery_id: str | None = None
    collection_id: str | None = None
    difficulty: str | None = None


@dataclass(frozen=True)
class SeedPlan:
    """The studio, its clients and its sessions in the order in which they complete."""

    studio_name: str
    currency: str
    timezone: str
    api_key: str
    preference_field_id: str
    language_field_id: str
    clients: list[PlannedClient] = field(default_factory=list)
    jobs: list[PlannedJob] = field(default_factory=list)
    stripe_base: str | None = None

    def client_of(self, job: PlannedJob) -> PlannedClient:
        return next(client for client in self.clients if client.contact_id == job.contact_id)

    def difficult(self, difficulty: str) -> PlannedJob:
        return next(job for job in self.jobs if job.difficulty == difficulty)

    def save(self, store: Store) -> None:
        store.put(PLAN_KIND, PLAN_ID, asdict(self))

    @classmethod
    def load(cls, store: Store) -> SeedPlan:
        """The plan of the studio in this store. Raises LookupError when there is none."""
        body: Body | None = store.get(PLAN_KIND, PLAN_ID)
        if body is None:
            raise LookupError("This sandbox has no studio yet; call seed_studio first.")
        return cls.from_json(body)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> SeedPlan:
        """The plan as GET /sandbox/plan gives it."""
        clients = [PlannedClient(**client) for client in body["clients"]]
        jobs = [PlannedJob(**job) for job in body["jobs"]]
        return cls(**{**body, "clients": clients, "jobs": jobs})
