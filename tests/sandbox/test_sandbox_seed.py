"""The seeded studio: the same every time, believable, and difficult where real ones are."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.sandbox.clock import SandboxClock
from billing.sandbox.identity import is_ulid, new_id
from billing.sandbox.seed import SeedPlan, seed_studio
from billing.sandbox.seed.people import PEOPLE
from billing.sandbox.store import Store

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _plan(sessions: int, seed: int, **options: Any) -> tuple[Store, SeedPlan]:
    store = Store(":memory:")
    clock = SandboxClock(store)
    clock.freeze(AT)
    return store, seed_studio(store, clock, sessions=sessions, seed=seed, **options)


def test_the_same_seed_gives_the_same_world_to_the_last_id() -> None:
    (one, first), (other, second) = _plan(15, 3), _plan(15, 3)

    assert first == second
    for kind in ("vsco.job", "vsco.order", "vsco.gallery", "vsco.address-book", "vsco.payment"):
        assert one.newest(kind) == other.newest(kind)
    assert _plan(15, 4)[1] != first


def test_seeding_counts_no_effect() -> None:
    store, _ = _plan(10, 1)

    assert store.effects() == []


def test_ids_are_ulids_that_sort_by_age() -> None:
    store = Store(":memory:")
    ids = [new_id(store) for _ in range(50)]

    assert ids == sorted(ids)
    assert all(is_ulid(id_) for id_ in ids)
    assert not is_ulid("x")


def test_there_are_all_kinds_of_clients() -> None:
    _, plan = _plan(120, 1, stripe_base="http://127.0.0.1:1/stripe")

    cards = {client.card for client in plan.clients}
    assert {"pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired", None} <= cards
    assert {client.behaviour for client in plan.clients} == {"autopay", "prompt", "pays late", "never pays"}
    assert all((client.card is not None) == (client.preference == "autopay") for client in plan.clients)
    assert {"en", "de", "fr", "es"} == {client.language for client in plan.clients}
    countries = Counter(client.country for client in plan.clients)
    assert countries.most_common(1)[0][0] == "IE"
    assert {"DE", "US", "FR", "GB", "JP"} <= set(countries)
    emails = [client.email for client in plan.clients if client.email]
    assert len(emails) == len(set(emails))
    assert len({job.gallery for job in plan.jobs}) == 3
    assert plan.stripe_base == "http://127.0.0.1:1/stripe"


def test_the_studio_is_one_that_could_be_there() -> None:
    """One place: its taxes, its currency, its people. What is strange is in the tests (`strangers`)."""
    store, plan = _plan(60, 1)

    assert (plan.timezone, plan.currency) == ("Europe/Dublin", "EUR")
    assert {rate["name"]: rate["rate"] for rate in store.newest("vsco.tax-rate")} == {
        "VAT": 23,
        "VAT, reverse charge": 0,
    }
    for job in plan.jobs:
        (tax, *more) = [order["tax1"] for order in store.newest("vsco.order", job.id)]
        business, country = job.name.startswith("Commercial"), plan.client_of(job).country
        assert tax["isInclusive"] is not business
        assert (tax["rate"] == 0) is (business and country in ("AT", "DE", "ES", "FR"))
        assert all((one["rate"], one["isInclusive"]) == (tax["rate"], tax["isInclusive"]) for one in more)
    names = "".join(client.name for client in plan.clients)
    assert {unicodedata.category(letter)[0] for letter in names} == {"L", "P", "Z"}
    assert not set(names) & set("<>=@{}")


def test_every_person_of_the_list_is_somebody_else() -> None:
    assert len({person.mailbox for person in PEOPLE}) == len(PEOPLE)
    assert all(person.name.strip() for person in PEOPLE)


def test_the_plan_agrees_with_what_the_api_would_say() -> None:
    store, plan = _plan(30, 2)

    for job in plan.jobs:
        body = store.get("vsco.job", job.id)
        assert body is not None
        orders = store.newest("vsco.order", job.id)
        assert job.total_minor == sum(order["total"] for order in orders)
        assert job.balance_minor == sum(order["balance"] for order in orders)
        assert body["primarySessionId"] == store.newest("vsco.event", job.id)[0]["id"]
        assert (job.completes_on is None) == (job.difficulty in ("sample", "before_go_live"))
        if job.collection_id:
            gallery = store.get("vsco.gallery", job.gallery_id or "")
            assert gallery is not None
            assert gallery["remoteId"] == job.collection_id


def test_invoices_of_an_order_add_up_to_its_total() -> None:
    store, plan = _plan(30, 2)

    for job in plan.jobs:
        if job.difficulty not in ("two_orders", "total_disagrees"):
            (order,) = store.newest("vsco.order", job.id)
            assert sum(invoice["total"] for invoice in order["invoices"]) == order["total"]


def test_each_difficult_session_is_difficult_in_its_own_way() -> None:
    store, plan = _plan(1, 1)

    def job(name: str) -> Any:
        return store.get("vsco.job", plan.difficult(name).id)

    def order(name: str) -> Any:
        return store.newest("vsco.order", plan.difficult(name).id)[0]

    assert plan.client_of(plan.difficult("missing_email")).email is None
    assert order("zero_balance")["status"] == "paid-in-full"
    assert order("voided_order")["status"] == "voided"
    assert plan.difficult("no_gallery").gallery_id is None
    assert order("total_disagrees")["total"] == plan.difficult("total_disagrees").total_minor
    assert order("total_disagrees")["total"] != order("total_disagrees")["subtotal"]["amount"]
    assert job("sample")["sample"] is True
    assert job("before_go_live")["fulfillmentDate"] < "2024"
    assert job("before_go_live")["modified"] < "2024"
    assert order("before_go_live")["balance"] > 0
    assert len(store.newest("vsco.order", plan.difficult("two_orders").id)) == 2
    assert store.newest("vsco.payment", plan.difficult("future_payment").id)[0]["status"] == "future"
    assert job("future_payment")["creditBalance"] == 0
    with pytest.raises(StopIteration):
        plan.difficult("none such")


def test_a_studio_is_made_once_and_keeps_its_currency() -> None:
    store, plan = _plan(1, 1, currency="USD")
    again = seed_studio(store, SandboxClock(store), sessions=2, seed=9, currency="EUR")

    assert store.count("vsco.brand") == 1
    assert store.newest("vsco.studio")[0]["currencyCode"] == plan.currency == "USD"
    assert again.preference_field_id == plan.preference_field_id


def test_an_empty_store_has_no_plan() -> None:
    with pytest.raises(LookupError):
        SeedPlan.load(Store(":memory:"))


def test_a_plan_is_a_value() -> None:
    _, plan = _plan(1, 1)

    assert replace(plan) == plan
