"""Every answer of the stand-in has the shape that VSCO Workspace's own specification promises."""

from __future__ import annotations

from typing import Any

import pytest

LISTS = {
    "job": "Job",
    "order": "Order",
    "address-book": "",
    "job-contact": "JobContact",
    "job-role": "JobRole",
    "event": "Event",
    "event-type": "EventType",
    "payment": "Payment",
    "payment-method": "PaymentMethod",
    "gallery": "Gallery",
    "product": "Product",
    "product-type": "ProductType",
    "brand": "Brand",
    "job-type": "JobType",
    "custom-field": "CustomField",
    "tax-group": "TaxGroup",
    "tax-rate": "TaxRate",
    "discount": "Discount",
    "discount-type": "DiscountType",
    "note": "Note",
    "timezone": "Timezone",
    "user": "User",
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_and_each_of_its_items_fit_the_specification(world: Any, contract: Any, path: str) -> None:
    job = world.plan.jobs[0]
    world.vsco("POST", "/note", json={"contentHtml": "<p>Called.</p>", "jobId": job.id, "contactId": job.contact_id})

    listed = world.vsco("GET", f"/{path}", params={"sortBy": "modified desc"})

    assert listed.status_code == 200
    contract.answer("GET", f"/{path}", listed)
    items = listed.json()["items"]
    assert items
    for item in items:
        one = world.vsco("GET", f"/{path}/{item['id']}")
        name = LISTS[path] or item["kind"].title()
        if name == "Employee":  # the specification lists employees but forgets them where it describes one contact
            contract.check({"$ref": "#/components/schemas/Employee"}, one.text)
        else:
            contract.answer("GET", f"/{path}/{{id}}", one)
        assert set(one.json()) <= contract.fields(name) | {"type"}, "a field that the specification does not know"


def test_the_studio_fits_the_specification(world: Any, contract: Any) -> None:
    answer = world.vsco("GET", "/studio/me")

    contract.answer("GET", "/studio/me", answer)
    assert answer.json()["currencyCode"] == "EUR"


def test_orders_and_payments_of_a_job_fit_the_specification(world: Any, contract: Any) -> None:
    for job in world.plan.jobs:
        for part, path in (("order", "/job/{jobId}/order"), ("payment", "/job/{id}/payment")):
            answer = world.vsco("GET", f"/job/{job.id}/{part}")
            contract.answer("GET", path, answer)
            assert {item["jobId"] for item in answer.json()["items"]} <= {job.id}


def test_a_payment_written_back_and_applied_fits_the_specification(world: Any, contract: Any) -> None:
    job = next(job for job in world.plan.jobs if job.balance_minor and not job.difficulty)
    body = {"jobId": job.id, "amount": job.balance_minor, "transactionId": "pi_1", "received": "2026-03-02"}
    contract.request("POST", "/payment", body)

    paid = world.vsco("POST", "/payment", json=body)
    application = {"orderId": job.order_id, "amount": job.balance_minor}
    contract.request("POST", "/payment/{id}/apply", application)
    applied = world.vsco("POST", f"/payment/{paid.json()['id']}/apply", json=application)

    contract.answer("POST", "/payment", paid)
    contract.answer("POST", "/payment/{id}/apply", applied)
    contract.answer("GET", "/order/{id}", world.vsco("GET", f"/order/{job.order_id}"))


def test_changes_of_a_gallery_a_job_a_contact_an_event_and_a_note_fit_the_specification(
    world: Any, contract: Any
) -> None:
    job = next(job for job in world.plan.jobs if job.gallery_id)
    gallery = world.vsco("GET", f"/gallery/{job.gallery_id}").json()
    event = world.vsco("GET", "/event", params={"jobId": job.id}).json()["items"][0]
    calls = [
        ("PUT", f"/gallery/{job.gallery_id}", "/gallery/{id}", {**gallery, "status": "active"}),
        ("PUT", f"/job/{job.id}", "/job/{id}", {"stage": "completed"}),
        ("PUT", f"/address-book/{job.contact_id}", "/address-book/{id}", {"kind": "person", "firstName": "Ann"}),
        ("PUT", f"/event/{event['id']}", "/event/{id}", {"confirmed": False}),
        ("PUT", f"/order/{job.order_id}", "/order/{id}", {"name": "Changed"}),
        ("POST", "/note", "/note", {"contentHtml": "<p>Paid.</p>", "jobId": job.id}),
    ]
    for method, path, template, body in calls:
        contract.request(method, template, body)
        answer = world.vsco(method, path, json=body)
        assert answer.status_code in (200, 201), answer.text
        contract.answer(method, template, answer)


def test_every_refusal_fits_the_specification(world: Any, contract: Any) -> None:
    absent = "0" * 26
    contract.answer("GET", "/job", world.vsco("GET", "/job", params={"pageSize": 5}))
    contract.answer("GET", "/job/{id}/payment", world.vsco("GET", f"/job/{absent}/payment"))
    contract.answer("POST", "/payment", world.vsco("POST", "/payment", json={"amount": 5}))
    for answer in (
        world.vsco("GET", f"/job/{absent}"),
        world.vsco("GET", f"/job/{absent}/order"),
        world.vsco("GET", "/nonsense"),
        world.vsco("DELETE", f"/job/{world.plan.jobs[0].id}"),
        world.vsco("PUT", f"/brand/{absent}", json={}),
        world.vsco("GET", "/job", headers={"X-API-KEY": "wrong"}),
    ):
        assert answer.status_code >= 400
        contract.error(answer)


def test_money_in_whole_units_still_fits_the_specification(world: Any, contract: Any) -> None:
    cents = world.vsco("GET", "/order").json()["items"]
    world.control("/settings", {"money_scale": "units"})

    units = world.vsco("GET", "/order")

    contract.answer("GET", "/order", units)
    pairs = list(zip(cents, units.json()["items"], strict=True))
    assert all(abs(after["total"] * 100 - before["total"]) <= 50 for before, after in pairs)
