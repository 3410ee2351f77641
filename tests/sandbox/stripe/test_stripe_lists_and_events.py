"""Lists are newest first and paged by cursors; events are a list that forgets after 30 days."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import stripe
from stripe_sandbox import Sandbox, refused

from billing.sandbox.stripe.routes import NO_IDS, match


def _customers(sandbox: Sandbox, count: int) -> list[str]:
    """Newest first."""
    ids = []
    for _ in range(count):
        ids.append(sandbox.v1.customers.create().id)
        sandbox.clock.advance(timedelta(seconds=1))
    return ids[::-1]


def test_pages_follow_one_another_without_gap_or_double(sandbox: Sandbox) -> None:
    ids, customers = _customers(sandbox, 7), sandbox.v1.customers

    first = customers.list({"limit": 3})
    second = customers.list({"limit": 3, "starting_after": first.data[-1].id})
    last = customers.list({"limit": 3, "starting_after": second.data[-1].id})

    assert [c.id for page in (first, second, last) for c in page.data] == ids
    assert [page.has_more for page in (first, second, last)] == [True, True, False]
    assert [c.id for c in customers.list({"limit": 2}).auto_paging_iter()] == ids


def test_ending_before_gives_the_next_newer_ones(sandbox: Sandbox) -> None:
    ids, customers = _customers(sandbox, 6), sandbox.v1.customers

    newer = customers.list({"limit": 2, "ending_before": ids[4]})
    newest = customers.list({"limit": 5, "ending_before": ids[2]})

    assert ([c.id for c in newer.data], newer.has_more) == (ids[2:4], True)
    assert ([c.id for c in newest.data], newest.has_more) == (ids[:2], False)


def test_a_long_list_is_walked_to_what_is_asked_for(sandbox: Sandbox) -> None:
    ids, customers = _customers(sandbox, 250), sandbox.v1.customers
    oldest = customers.retrieve(ids[-1]).created

    assert [c.id for c in customers.list({"created": oldest}).data] == [ids[-1]]
    assert [c.id for c in customers.list({"created": {"lt": oldest + 2}}).data] == ids[-2:]
    assert [c.id for c in customers.list({"limit": 2, "created": {"gt": oldest, "lte": oldest + 3}}).data] == ids[-4:-2]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"limit": 0}, "parameter_invalid_integer"),
        ({"limit": 101}, "parameter_invalid_integer"),
        ({"starting_after": "cus_nobody"}, "resource_missing"),
        ({"ending_before": "cus_nobody"}, "resource_missing"),
        ({"colour": "red"}, "parameter_unknown"),
    ],
)
def test_what_a_list_refuses(sandbox: Sandbox, params: dict[str, object], code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.customers.list(params)

    assert refused(error)[:2] == (400, code)


def test_intents_and_charges_are_listed_by_whose_they_are(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with()
    mine = sandbox.charge(method, customer=customer)
    sandbox.charge()

    assert [i.id for i in sandbox.v1.payment_intents.list({"customer": customer}).data] == [mine.id]
    assert [c.id for c in sandbox.v1.charges.list({"payment_intent": mine.id}).data] == [mine.latest_charge.id]
    assert [c.id for c in sandbox.v1.charges.list({"customer": customer}).data] == [mine.latest_charge.id]


def test_events_tell_the_story_in_order(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with()
    sandbox.charge(method, customer=customer)

    assert sandbox.event_types() == [
        *("customer.created", "payment_method.attached", "payment_intent.created"),
        *("charge.succeeded", "charge.updated", "payment_intent.succeeded"),
    ]


def test_an_event_is_a_snapshot(sandbox: Sandbox) -> None:
    customers = sandbox.v1.customers
    ada = customers.create({"name": "Ada"})
    customers.update(ada.id, {"name": "Ada L."})

    updated, created = sandbox.v1.events.list({"types": ["customer.created", "customer.updated"]}).data

    assert created.data.object.name == "Ada"
    assert updated.data.object.name == "Ada L."
    assert updated.data.previous_attributes.to_dict() == {"name": "Ada"}
    assert created.api_version == "2026-10-28.endive"
    assert created.request.id == ada.last_response.request_id
    assert sandbox.v1.events.retrieve(created.id).type == "customer.created"


def test_events_are_a_cursor(sandbox: Sandbox) -> None:
    sandbox.charge()
    seen = sandbox.v1.events.list({"limit": 1}).data[0].id
    assert sandbox.v1.events.list({"ending_before": seen}).data == []
    sandbox.charge()

    fresh = sandbox.v1.events.list(
        {"ending_before": seen, "limit": 100, "types": ["charge.succeeded", "charge.failed"]}
    )

    assert [event.type for event in fresh.data] == ["charge.succeeded"]
    assert [e.type for e in sandbox.v1.events.list({"type": "charge.*", "limit": 2}).data] == [
        *("charge.updated", "charge.succeeded")
    ]


def test_events_are_kept_for_30_days(sandbox: Sandbox) -> None:
    sandbox.v1.customers.create()
    old = sandbox.v1.events.list().data[0].id
    sandbox.clock.advance(timedelta(days=30, seconds=1))
    sandbox.v1.customers.create()

    assert len(sandbox.v1.events.list().data) == 1
    assert len(sandbox.v1.events.list({"ending_before": old}).data) == 1
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.events.retrieve(old)
    assert refused(error)[:2] == (404, "resource_missing")


def test_an_old_event_is_left_out_even_when_reading_upwards(sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.v1.customers.create()
    oldest = sandbox.v1.events.list().data[-1].id
    sandbox.clock.advance(timedelta(days=31))
    sandbox.v1.customers.create()

    assert len(sandbox.v1.events.list({"ending_before": oldest}).data) == 1


@pytest.mark.parametrize("params", [{"types": ["a"], "type": "b"}, {"types": [f"t{n}" for n in range(21)]}])
def test_event_types_have_limits(sandbox: Sandbox, params: dict[str, object]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.events.list(params)


@pytest.mark.parametrize(
    "path",
    ["nothing", "id", "latest_charge.amount.x", "a.b.c.d.e", "metadata.x", "latest_charge.balance_transaction.x"],
)
def test_what_cannot_be_expanded(sandbox: Sandbox, path: str) -> None:
    intent = sandbox.charge().id

    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.payment_intents.retrieve(intent, {"expand": [path]})


def test_expanding_reaches_into_lists_and_past_nothing(sandbox: Sandbox) -> None:
    intent = sandbox.charge()
    sandbox.v1.refunds.create({"payment_intent": intent.id, "amount": 100})

    listed = sandbox.v1.payment_intents.list({"expand": ["data.latest_charge.balance_transaction", "data.customer.x"]})
    charge = sandbox.v1.charges.retrieve(intent.latest_charge.id, {"expand": ["refunds.data.balance_transaction"]})

    assert listed.data[0].latest_charge.balance_transaction.object == "balance_transaction"
    assert charge.refunds.data[0].balance_transaction.amount == -100
    assert sandbox.v1.payment_intents.list({"expand": ["data"]}).data[0].id == intent.id


def test_the_api_asks_who_calls(sandbox: Sandbox) -> None:
    for authorization in ("", "Bearer ", "Bearer pk_test_x", "Basic !!!", "Digest x"):
        answer = sandbox.http.get("/v1/account", headers={"authorization": authorization})
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "invalid_request_error"
    assert sandbox.http.get("/v1/account", auth=("sk_test_x", "")).json()["object"] == "account"


def test_the_account(sandbox: Sandbox) -> None:
    sandbox.admin("account", display_name="North Light", country="NO", default_currency="nok")

    account = sandbox.v1.accounts.retrieve_current()

    assert account.id.startswith("acct_")
    assert (account.settings.dashboard.display_name, account.country, account.default_currency) == (
        *("North Light", "NO"),
        "nok",
    )
    assert account.charges_enabled
    assert "has no colour" in sandbox.admin("account", 400, colour="red")["error"]["message"]


def test_what_is_not_an_address(sandbox: Sandbox) -> None:
    headers = {"authorization": "Bearer sk_test_x"}

    for path in ("/v1/nothing", "/v1/payment_intents/pi_1/eat", "/v1/"):
        assert sandbox.http.get(path, headers=headers).status_code == 404
    body = sandbox.http.post("/v1/customers", headers=headers, json={"email": "ada@example.com"})
    assert "POST content type" in body.json()["error"]["message"]


def test_what_stripe_has_where_an_id_would_stand_is_no_id() -> None:
    """Read out of the SDK: each address of its services without an id in it, against each of ours with one."""
    services = [path.read_text() for path in Path(stripe.__file__).parent.rglob("*_service.py")]
    plain = {path for text in services for path in re.findall(r'"(/v1/[a-z_/]+)"', text)}

    taken = {path for path in plain for method in ("GET", "POST", "DELETE") if _takes_for_an_id(method, path)}

    assert {path.rpartition("/")[2] for path in plain} >= NO_IDS
    assert taken == set()


def _takes_for_an_id(method: str, path: str) -> bool:
    found = match(method, path)
    return found is not None and "{id}" in found[0]


def test_searching_is_no_charge_of_that_name(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as refusal:
        sandbox.v1.charges.search({"query": "amount>100"})

    assert refusal.value.http_status == 404


@pytest.mark.parametrize("version", ["2026-10-28", "2024-06-20", "2099-01-01.zebra", "2026-10-28.endive, 2024-06-20"])
def test_a_version_that_is_not_spoken_is_refused(sandbox: Sandbox, version: str) -> None:
    headers = {"authorization": "Bearer sk_test_x", "stripe-version": version}

    answer = sandbox.http.get("/v1/account", headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(f"Invalid Stripe API version: {version}.")
    assert answer.headers["stripe-version"] == stripe.api_version == "2026-10-28.endive"


def test_every_answer_names_its_request(sandbox: Sandbox) -> None:
    answer = sandbox.http.get("/v1/account", headers={"authorization": "Bearer sk_test_x"})

    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["stripe-version"] == "2026-10-28.endive"


def test_a_broken_sandbox_answers_like_a_broken_stripe(sandbox: Sandbox) -> None:
    sandbox.store.set_setting("stripe:latency_ms", "soon")

    answer = sandbox.http.get("/v1/account", headers={"authorization": "Bearer sk_test_x"})

    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "api_error")
