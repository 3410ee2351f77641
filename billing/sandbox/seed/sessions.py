"""Making one booked session: client, job, event, order with its retainer, and a gallery that waits."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from billing.sandbox import pixieset
from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed.people import Person
from billing.sandbox.seed.plan import GOOD_CARD, PlannedClient, PlannedJob
from billing.sandbox.seed.studio import TIMEZONE, Studio
from billing.sandbox.store import Body, Store
from billing.sandbox.vsco import orders
from billing.sandbox.vsco.records import create, new_record, stamp

_LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"
_PACKAGES: dict[str, tuple[tuple[str, int, tuple[str, ...]], ...]] = {
    "Wedding": (("Wedding day", 320_000, ("Second photographer", "Linen album, 30 pages")), ("Travel", 18_000, ())),
    "Portrait": (("Portrait session", 39_000, ("Digital files",)), ("Fine art print, 30 x 40 cm", 9_500, ())),
    "Newborn": (("Newborn session", 45_000, ("Digital files", "Linen album, 30 pages")),),
    "Commercial": (("Commercial day", 180_000, ("Digital files",)), ("Travel", 18_000, ())),
    "Family": (("Family session", 36_000, ("Digital files",)), ("Fine art print, 30 x 40 cm", 9_500, ())),
}
_PLACES = ("Kylemore Abbey, Connemara", "Dog's Bay, Roundstone", "Studio North Light", "Salthill Promenade, Galway")


@dataclass
class Booking:
    """What one session is to look like; the defaults make an ordinary one."""

    kind: str = "Portrait"
    session_on: date = date(2026, 1, 1)
    booked_on: date = date(2025, 12, 1)
    tax: str = "included"
    travel_is_taxed: bool = True
    retainer_percent: int = 30
    pre_tax_discount: Body | None = None
    after_tax_discount: Body | None = None
    prints: int = 1
    gallery: str = "vsco"
    stage: str = "booked"
    sample: bool = False
    difficulty: str | None = None
    completes: bool = True


class Seeder:
    """Makes clients and sessions of one studio, with one source of chance."""

    def __init__(self, store: Store, clock: SandboxClock, studio: Studio, chance: random.Random) -> None:
        self.store, self.clock, self.studio, self.chance = store, clock, studio, chance

    def client(
        self, person: Person, preference: str, *, email: str | None, card: str | None, pays_after: int | None,
        pays_with: str = GOOD_CARD,
    ) -> PlannedClient:  # fmt: skip
        values = ((self.studio.preference_field_id, preference), (self.studio.language_field_id, person.language))
        custom = [new_record(self.store, self.clock, fieldId=id_, value=value) for id_, value in values]
        contact = create(
            self.store,
            self.clock,
            "address-book",
            kind="person",
            firstName=person.first,
            lastName=person.last,
            name=person.name,
            email=email,
            address=self._address(person),
            mailingAddress=None,
            brandId=self.studio.brand_id,
            customFields=custom,
            contactPreference="email" if email else None,
            requireStrictPrivacy=person.country != "US",
        )
        behaviour = _behaviour(preference, card, pays_after)
        planned = (person.name, email, person.language, person.country, preference, card, pays_after, behaviour)
        return PlannedClient(contact["id"], *planned, pays_with)

    def _address(self, person: Person) -> Body:
        address = new_record(self.store, self.clock, streetAddress=person.street, village=None, city=person.city)
        address.update({"state": person.state, "postalCode": person.postal_code, "country": person.country})
        return address

    def session(self, client: PlannedClient, booking: Booking) -> PlannedJob:
        """Everything about one job, in the order in which a studio enters it."""
        job = self._job(client, booking)
        event = self._event(job, booking)
        job["primarySessionId"] = event["id"]
        self.store.put("vsco.job", job["id"], job)
        self.link(job["id"], client.contact_id)
        order = self._order(client, job, booking)
        gallery = self._gallery(job, event, booking)
        return PlannedJob(
            id=job["id"],
            name=job["title"],
            contact_id=client.contact_id,
            completes_on=booking.session_on.isoformat() if booking.completes else None,
            session_on=booking.session_on.isoformat(),
            order_id=order["id"],
            total_minor=order["total"],
            balance_minor=order["balance"],
            difficulty=booking.difficulty,
            gallery=booking.gallery,
            gallery_id=gallery.get("gallery_id"),
            collection_id=gallery.get("collection_id"),
        )

    def link(self, job_id: str, contact_id: str) -> Body:
        """Make somebody a client of a job."""
        known = {"client": True, "jobRoles": [self.studio.client_role_id], "roleKinds": ["client", "customer"]}
        return create(self.store, self.clock, "job-contact", job_id, jobId=job_id, contactId=contact_id, **known)

    def _job(self, client: PlannedClient, booking: Booking) -> Body:
        title = f"{booking.kind} {client.name}"
        session_on = booking.session_on.isoformat()
        done = session_on if booking.stage in ("fulfillment", "completed") else None
        number = self.store.next_number("job")
        fields: Body = {"name": None, "title": title, "stage": booking.stage, "sample": booking.sample, "closed": False}
        fields.update({"bookingDate": booking.booked_on.isoformat(), "inquiryDate": booking.booked_on.isoformat()})
        fields.update({"eventDate": session_on, "fulfillmentDate": done, "closedDate": None})
        fields.update({"completedDate": done if booking.stage == "completed" else None, "customFields": []})
        fields.update({"jobTypeId": self.studio.job_types[booking.kind], "jobTypeName": booking.kind})
        fields.update({"brandId": self.studio.brand_id, "customNumber": f"JOB-{number:05d}", "accountBalance": 0})
        fields.update({"creditBalance": 0, "totalRevenue": 0, "totalCost": 0, "totalProfit": 0, "webLead": False})
        fields.update({"primarySessionId": None, "pinned": False})
        job = new_record(self.store, self.clock, **fields)
        del job["hidden"]
        return self.store.put("vsco.job", job["id"], job)

    def _event(self, job: Body, booking: Booking) -> Body:
        starts = datetime.combine(booking.session_on, time(self.chance.choice((9, 10, 13, 16))), ZoneInfo(TIMEZONE))
        ends = starts + timedelta(hours=8 if booking.kind == "Wedding" else 2)
        place = new_record(self.store, self.clock, streetAddress=self.chance.choice(_PLACES), country="IE")
        fields: Body = {"jobId": job["id"], "name": job["title"], "typeId": self.studio.session_type_id}
        for side, at in (("start", starts), ("end", ends)):
            fields.update({f"{side}Date": at.date().isoformat(), f"{side}Time": f"{at:%H:%M:%S}"})
            fields[f"{side}Utc"] = stamp(at.astimezone(UTC))
        fields.update({"timezoneName": TIMEZONE, "timezoneId": self.studio.timezone_id, "confirmed": True})
        fields.update({"location": {"id": None, "address": place}, "allDay": False, "channel": "InPerson"})
        return create(self.store, self.clock, "event", job["id"], **fields)

    def _lines(self, booking: Booking) -> list[Body]:
        lines = []
        for name, price, inside in _PACKAGES[booking.kind]:
            units = booking.prints if "print" in name else 1
            children = [self._line(child, 0) for child in inside]
            taxed = booking.travel_is_taxed or name != "Travel"
            lines.append(self._line(name, price, units=units, children=children, taxable=taxed))
        if self.chance.random() < 0.3:
            lines.append(self._line("Linen album, 30 pages", 48_000, selectability="optional", selected=False))
        return lines

    def _line(self, name: str, price: int, **fields: object) -> Body:
        return orders.new_line(self.store, self.clock, name, price, productId=self.studio.products[name], **fields)

    def _order(self, client: PlannedClient, job: Body, booking: Booking) -> Body:
        order = orders.new_order(
            self.store,
            self.clock,
            job,
            lines=self._lines(booking),
            tax_group=self.store.get("vsco.tax-group", self.studio.tax_groups[booking.tax]),
            pre_tax_discount=booking.pre_tax_discount,
            after_tax_discount=booking.after_tax_discount,
            recipientId=client.contact_id,
        )
        retainer = order["total"] * booking.retainer_percent // 100
        if retainer:
            self._invoice(order, "Retainer", retainer, booking.booked_on + timedelta(days=7))
        if order["total"] > retainer:
            self._invoice(order, "Balance", order["total"] - retainer, booking.session_on + timedelta(days=14))
        orders.save_order(self.store, self.clock, order)
        if retainer:
            self.pay(job, client, order, retainer, booking.booked_on + timedelta(days=3))
        return self.store.get("vsco.order", order["id"]) or order

    def _invoice(self, order: Body, title: str, total: int, due: date) -> None:
        orders.add_invoice(self.store, self.clock, order, title, total, due.isoformat())

    def pay(self, job: Body, client: PlannedClient, order: Body, amount: int, received: date) -> Body:
        """A retainer that reached the studio's bank before any of this was automatic: no effect is counted for it."""
        fields = {"payerId": client.contact_id, "paymentMethodId": self.studio.transfer_method_id, "memo": "Retainer"}
        fields["received"] = received.isoformat()
        payment = orders.new_payment(self.store, self.clock, job["id"], amount, **fields)
        return orders.allocate(self.store, self.clock, payment, order, amount)

    def _gallery(self, job: Body, event: Body, booking: Booking) -> dict[str, str | None]:
        if booking.gallery == "none":
            return {}
        number = self.store.next_number("gallery")
        slug, photos = f"{booking.kind.lower()}-{number}", self.chance.randint(40, 620)
        url, admin, collection = f"https://galleries.northlight.example/{slug}", "https://workspace.vsco.co", None
        remote_id = f"nl-{number}"
        if booking.gallery == "pixieset":
            url, admin = f"https://northlight.pixieset.com/{slug}/", "https://galleries.pixieset.com"
            collection = pixieset.add_collection(self.store, self.clock, job["title"], photos, url)
            remote_id = str(collection["id"])
        fields: Body = {"jobId": job["id"], "eventId": event["id"], "name": job["title"], "remoteId": remote_id}
        fields.update({"status": "pre-release", "public": False, "requiresPassword": True, "photoCount": photos})
        fields.update({"password": "".join(self.chance.choice(_LEGIBLE) for _ in range(10)), "slug": slug})
        fields.update({"clientUrl": url, "adminUrl": f"{admin}/{slug}", "category": booking.kind, "headline": None})
        fields.update({"releaseDate": None, "expirationDate": None, "orderDueDate": None, "orderCount": 0})
        fields.update({"eventDate": booking.session_on.isoformat(), "visitorCount": 0})
        gallery = create(self.store, self.clock, "gallery", job["id"], **fields)
        linked = str(collection["id"]) if collection else None
        return {"gallery_id": gallery["id"], "collection_id": linked}


def _behaviour(preference: str, card: str | None, pays_after: int | None) -> str:
    if preference == "autopay" and card:
        return "autopay"
    if pays_after is None:
        return "never pays"
    return "pays late" if pays_after > 14 else "prompt"
