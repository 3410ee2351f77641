"""Writing back to VSCO Workspace: what it accepts, what it refuses, and that it knows no idempotency."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


def _open_job(world: Any) -> Any:
    return next(job for job in world.plan.jobs if job.balance_minor > 1000 and not job.difficulty)


def _pay(world: Any, job: Any, cents: int, **fields: Any) -> Any:
    return world.vsco("POST", "/payment", json={"jobId": job.id, "amount": cents, "transactionId": "pi_7", **fields})


def _apply(world: Any, payment_id: str, order_id: str, amount: Any) -> Any:
    return world.vsco("POST", f"/payment/{payment_id}/apply", json={"orderId": order_id, "amount": amount})


def _order(world: Any, job: Any) -> Any:
    return world.vsco("GET", f"/order/{job.order_id}").json()


def test_paying_the_balance_closes_the_order(world: Any) -> None:
    job = _open_job(world)
    payment = _pay(world, job, job.balance_minor).json()

    applied = _apply(world, payment["id"], job.order_id, job.balance_minor)

    order = _order(world, job)
    assert applied.status_code == 201
    assert order["balance"] == 0
    assert order["status"] == "paid-in-full"
    assert {invoice["status"] for invoice in order["invoices"]} == {"paid-in-full"}
    assert order["paymentAllocations"][-1] == applied.json()["paymentAllocations"][0]
    assert world.vsco("GET", f"/job/{job.id}").json()["accountBalance"] == 0


def test_a_part_payment_leaves_the_rest_open(world: Any) -> None:
    job = _open_job(world)
    payment = _pay(world, job, 1000).json()
    assert world.vsco("GET", f"/job/{job.id}").json()["creditBalance"] == 1000

    _apply(world, payment["id"], job.order_id, 400)

    assert _order(world, job)["balance"] == job.balance_minor - 400
    assert _order(world, job)["status"] == "open"
    assert world.vsco("GET", f"/job/{job.id}").json()["creditBalance"] == 600


def test_the_same_payment_posted_twice_is_two_payments(world: Any) -> None:
    job = _open_job(world)

    ids = {_pay(world, job, 500).json()["id"] for _ in range(2)}

    assert len(ids) == 2
    listed = world.vsco("GET", f"/job/{job.id}/payment").json()["items"]
    assert [row["transactionId"] for row in listed].count("pi_7") == 2
    assert world.http.get("/sandbox/oracle").json()["write_backs"]["duplicate_transaction_ids"] == ["pi_7"]


def test_write_backs_are_counted_with_their_subjects(world: Any) -> None:
    job = _open_job(world)
    payment = _pay(world, job, 500).json()
    _apply(world, payment["id"], job.order_id, 500)
    world.vsco("POST", "/note", json={"contentHtml": "Paid", "jobId": job.id})

    effects = world.http.get("/sandbox/effects").json()["effects"]

    assert [(row["kind"], row["subject"]) for row in effects] == [
        ("vsco.payment_written_back", "pi_7"),
        ("vsco.payment_applied", "pi_7"),
        ("vsco.note_written", job.id),
    ]


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"jobId": "0" * 26}, "jobId"),
        ({"jobId": None}, "jobId"),
        ({"amount": -1}, "amount"),
        ({"amount": 10.5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 10**12}, "amount"),
        ({"status": "done"}, "status"),
        ({"memo": "x" * 129}, "memo"),
        ({"transactionId": "x" * 256}, "transactionId"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(world: Any, fields: dict[str, Any], at_fault: str) -> None:
    answer = _pay(world, _open_job(world), 500, **fields)

    assert answer.status_code == 400
    assert list(answer.json()["detail"]) == [at_fault]
    assert world.store.effects() == []


@pytest.mark.parametrize("body", ["[]", "nonsense", '"x"'])
def test_a_body_that_is_no_object_is_refused(world: Any, body: str) -> None:
    assert world.vsco("POST", "/payment", content=body).status_code == 400


def test_more_than_the_payment_or_the_balance_is_never_applied(world: Any) -> None:
    job = _open_job(world)
    small = _pay(world, job, 500).json()["id"]
    large = _pay(world, job, job.balance_minor + 1).json()["id"]
    other = world.plan.difficult("two_orders")

    refusals = [
        _apply(world, small, job.order_id, 501),
        _apply(world, small, job.order_id, 0),
        _apply(world, small, other.order_id, 500),
        _apply(world, small, "0" * 26, 500),
        _apply(world, large, job.order_id, job.balance_minor + 1),
    ]

    assert [answer.status_code for answer in refusals] == [400] * 5
    assert _order(world, job)["balance"] == job.balance_minor
    assert _apply(world, "0" * 26, job.order_id, 1).status_code == 404


def test_planned_money_and_voided_orders_take_no_application(world: Any) -> None:
    planned = world.plan.difficult("future_payment")
    payment = world.vsco("GET", f"/job/{planned.id}/payment").json()["items"][0]
    voided = world.plan.difficult("voided_order")
    posted = _pay(world, voided, 500).json()

    assert _apply(world, payment["id"], planned.order_id, 100).status_code == 400
    assert _apply(world, posted["id"], voided.order_id, 100).status_code == 400


def test_reaching_a_stage_writes_its_date_in_the_studios_time_zone(world: Any) -> None:
    job = _open_job(world)
    world.control("/clock", {"freeze": "2026-07-02T23:30:00+00:00"})  # already the third in Galway

    done = world.vsco("PUT", f"/job/{job.id}", json={"stage": "fulfillment"}).json()
    closed = world.vsco("PUT", f"/job/{job.id}", json={"stage": "completed", "completedDate": "2026-07-09"}).json()
    back = world.vsco("PUT", f"/job/{job.id}", json={"stage": "lead"}).json()

    assert done["fulfillmentDate"] == "2026-07-03"
    assert closed["completedDate"] == "2026-07-09"
    assert back["fulfillmentDate"] == "2026-07-03"
    assert world.vsco("PUT", f"/job/{job.id}", json={"stage": "done"}).status_code == 400


def test_a_gallery_needs_its_required_fields_and_a_known_status(world: Any) -> None:
    job = next(job for job in world.plan.jobs if job.gallery_id)
    gallery = world.vsco("GET", f"/gallery/{job.gallery_id}").json()
    path = f"/gallery/{job.gallery_id}"

    assert world.vsco("PUT", path, json={"status": "active"}).status_code == 400
    assert world.vsco("PUT", path, json={**gallery, "status": "open"}).status_code == 400
    assert world.vsco("PUT", f"/gallery/{'0' * 26}", json=gallery).status_code == 404
    opened = world.vsco("PUT", path, json={**gallery, "status": "active", "id": "other", "created": "never"})
    assert opened.json()["id"] == job.gallery_id
    assert opened.json()["created"] == gallery["created"]


def test_every_change_moves_modified(world: Any) -> None:
    job = _open_job(world)
    before = world.vsco("GET", f"/job/{job.id}").json()["modified"]
    world.clock.advance(timedelta(minutes=1))

    payment = _pay(world, job, 500).json()
    _apply(world, payment["id"], job.order_id, 500)

    moved = [world.vsco("GET", f"/job/{job.id}").json(), _order(world, job)]
    assert all(body["modified"] == "2026-03-02T09:01:00Z" > before for body in moved)


def test_new_lines_on_an_order_are_computed_and_what_was_paid_stays(world: Any) -> None:
    job = next(job for job in world.plan.jobs if 0 < job.balance_minor < job.total_minor and not job.difficulty)
    paid = job.total_minor - job.balance_minor
    lines = [{"name": "Reportage", "pricePerUnit": 1_000_000, "children": [{"name": "Extra", "pricePerUnit": 100}]}]

    group = world.vsco("GET", "/tax-group").json()["items"][0]["id"]
    body = {"lineItems": lines, "taxGroupId": group, "name": "Changed"}
    order = world.vsco("PUT", f"/order/{job.order_id}", json=body).json()

    assert order["name"] == "Changed"
    assert order["subtotal"]["amount"] == 1_000_100
    assert order["balance"] == order["total"] - paid
    assert world.vsco("PUT", f"/order/{job.order_id}", json={"lineItems": [{}]}).status_code == 400


def test_a_voided_order_stays_voided_whatever_is_edited(world: Any) -> None:
    job = world.plan.difficult("voided_order")

    order = world.vsco("PUT", f"/order/{job.order_id}", json={"name": "Late idea"}).json()

    assert order["status"] == "voided"
    assert {invoice["status"] for invoice in order["invoices"]} == {"voided"}


def test_an_order_can_lose_its_taxes(world: Any) -> None:
    job = _open_job(world)

    order = world.vsco("PUT", f"/order/{job.order_id}", json={"taxGroupId": None}).json()

    assert order["tax1"] is None
    assert order["taxGroupId"] is None


def test_a_renamed_contact_has_its_new_name_everywhere(world: Any) -> None:
    contact_id = world.plan.jobs[0].contact_id

    contact = world.vsco("PUT", f"/address-book/{contact_id}", json={"kind": "person", "lastName": "Marsh"}).json()

    assert contact["name"].endswith(" Marsh")


def test_a_note_needs_words(world: Any) -> None:
    assert world.vsco("POST", "/note", json={"contentHtml": ""}).status_code == 400
    assert world.vsco("POST", "/note", json={"contentHtml": 5}).status_code == 400


def test_money_in_whole_units_is_read_and_written_in_whole_units(world: Any) -> None:
    job = _open_job(world)
    world.control("/settings", {"money_scale": "units"})

    payment = _pay(world, job, 7).json()

    assert payment["amount"] == 7
    assert world.store.get("vsco.payment", payment["id"])["amount"] == 700
