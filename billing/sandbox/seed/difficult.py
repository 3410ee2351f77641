"""The sessions that go wrong in real studios, one of each, so that nothing is tried on easy ones alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from billing.sandbox import mail
from billing.sandbox.seed import people
from billing.sandbox.seed.people import Person
from billing.sandbox.seed.plan import PlannedClient, PlannedJob
from billing.sandbox.seed.sessions import Booking, Seeder
from billing.sandbox.store import Body
from billing.sandbox.vsco import orders
from billing.sandbox.vsco.records import stamp

BOUNCING = "gone.away@bounce.example"
GREYLISTED = "slow.mailbox@example.net"

Made = tuple[PlannedClient, PlannedJob]


def difficult_sessions(seeder: Seeder, today: date) -> list[Made]:
    """All of them; each job's `difficulty` names what is wrong with it."""
    soon = [today + timedelta(days=days) for days in range(2, 28, 2)]
    base = Booking(kind="Family", booked_on=today - timedelta(days=40))
    return [
        _plain(seeder, replace(base, session_on=soon[0], difficulty="missing_email"), people.DONAL, email=None),
        _plain(
            seeder, replace(base, session_on=soon[1], difficulty="zero_balance", retainer_percent=100), people.NIAMH
        ),
        _voided(seeder, replace(base, session_on=soon[2], difficulty="voided_order", retainer_percent=0)),
        _plain(seeder, replace(base, session_on=soon[3], difficulty="no_gallery", gallery="none"), people.CIARA),
        _disagreeing(seeder, replace(base, session_on=soon[4], difficulty="total_disagrees")),
        _bouncing(seeder, replace(base, session_on=soon[8], difficulty="bouncing_email")),
        _greylisted(seeder, replace(base, session_on=soon[9], difficulty="greylisted_email")),
        _two_clients(seeder, replace(base, session_on=soon[10], difficulty="two_clients")),
        _two_orders(seeder, replace(base, session_on=soon[11], difficulty="two_orders")),
        _future_payment(seeder, replace(base, session_on=soon[12], difficulty="future_payment", retainer_percent=0)),
        _sample(seeder, replace(base, session_on=today - timedelta(days=3), difficulty="sample")),
        _before_go_live(seeder, replace(base, difficulty="before_go_live", retainer_percent=0), today),
    ]


def _plain(seeder: Seeder, booking: Booking, person: Person, *, email: str | None = "") -> Made:
    address = f"{person.mailbox}@example.org" if email == "" else email
    client = seeder.client(person, "invoice", email=address, card=None, pays_after=2)
    return client, seeder.session(client, booking)


def _order_of(seeder: Seeder, job: PlannedJob) -> Body:
    return seeder.store.newest("vsco.order", job.id)[0]


def _voided(seeder: Seeder, booking: Booking) -> Made:
    client, job = _plain(seeder, booking, people.SEAMUS)
    order = _order_of(seeder, job)
    order["status"] = "voided"
    for invoice in order["invoices"]:
        invoice["status"] = "voided"
    orders.save_order(seeder.store, seeder.clock, order)
    return client, job


def _disagreeing(seeder: Seeder, booking: Booking) -> Made:
    """Somebody typed a total by hand: one unit more than the lines say."""
    client, job = _plain(seeder, booking, people.DECLAN)
    order = _order_of(seeder, job)
    order.update({"total": order["total"] + 100, "balance": order["balance"] + 100})
    orders.save_order(seeder.store, seeder.clock, order)
    return client, replace(job, total_minor=order["total"], balance_minor=order["balance"])


def _bouncing(seeder: Seeder, booking: Booking) -> Made:
    mail.set_answer(seeder.store, BOUNCING, "bounce")
    return _plain(seeder, booking, people.MAEVE, email=BOUNCING)


def _greylisted(seeder: Seeder, booking: Booking) -> Made:
    mail.set_answer(seeder.store, GREYLISTED, "greylist", 2)
    return _plain(seeder, booking, people.TOBIAS, email=GREYLISTED)


def _two_clients(seeder: Seeder, booking: Booking) -> Made:
    client, job = _plain(seeder, booking, people.EIMEAR)
    email = f"{people.RONAN.mailbox}@example.org"
    second = seeder.client(people.RONAN, "invoice", email=email, card=None, pays_after=None)
    seeder.link(job.id, second.contact_id)
    return client, job


def _two_orders(seeder: Seeder, booking: Booking) -> Made:
    """Prints ordered after the booking, on an order of their own."""
    client, job = _plain(seeder, booking, people.SIOBHAN)
    body = seeder.store.get("vsco.job", job.id) or {}
    line = orders.new_line(seeder.store, seeder.clock, "Fine art print, 30 x 40 cm", 9_500, units=2)
    group = seeder.store.get("vsco.tax-group", seeder.studio.tax_groups["included"])
    order = orders.new_order(
        seeder.store, seeder.clock, body, lines=[line], tax_group=group, recipientId=client.contact_id
    )
    orders.save_order(seeder.store, seeder.clock, order)
    total, balance = job.total_minor + order["total"], job.balance_minor + order["balance"]
    return client, replace(job, total_minor=total, balance_minor=balance)


def _future_payment(seeder: Seeder, booking: Booking) -> Made:
    """A planned payment is no money."""
    client, job = _plain(seeder, booking, people.DEIRDRE)
    orders.new_payment(seeder.store, seeder.clock, job.id, job.total_minor, status="future", memo="Planned")
    orders.refresh_job(seeder.store, seeder.clock, job.id)
    return client, job


def _sample(seeder: Seeder, booking: Booking) -> Made:
    return _plain(seeder, replace(booking, sample=True, stage="fulfillment", completes=False), people.BRIAN)


def _before_go_live(seeder: Seeder, booking: Booking, today: date) -> Made:
    """A session of years ago whose order was never closed: nobody may be billed for it now."""
    done = today - timedelta(days=3 * 365)
    old = replace(booking, session_on=done, booked_on=done - timedelta(days=60), stage="fulfillment", completes=False)
    client, job = _plain(seeder, old, people.ANNA)
    then = stamp(datetime.combine(done, datetime.min.time()).astimezone())
    for kind in ("job", "order", "event", "gallery", "job-contact"):
        rows, _ = seeder.store.select(f"vsco.{kind}", parent=job.id if kind != "job" else None)
        for row in rows:
            if job.id in (row["id"], row.get("jobId")):
                seeder.store.put(f"vsco.{kind}", row["id"], {**row, "created": then, "modified": then})
    return client, job
