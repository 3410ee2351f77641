"""Payment links and checkout sessions, and how their payments are found again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import stripe
from stripe_sandbox import Sandbox, refused


def test_a_link_is_paid_once_and_its_payment_is_found(sandbox: Sandbox) -> None:
    link = sandbox.link(
        metadata={"invoice_id": "INV-7"},
        payment_intent_data={"metadata": {"invoice_id": "INV-7"}},
        after_completion={"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "See you soon."}},
    )
    assert (link.active, link.url) == (True, f"http://testserver/pay/{link.id}")

    paid = sandbox.admin("pay", payment_link=link.id, card="4242 4242 4242 4242", email="ada@example.com", name="Ada")

    assert paid["status"] == "succeeded"
    [session] = sandbox.v1.checkout.sessions.list({"payment_link": link.id, "expand": ["data.payment_intent"]}).data
    assert (session.status, session.payment_status, session.amount_total) == ("complete", "paid", 25_000)
    assert session.metadata.to_dict() == {"invoice_id": "INV-7"}
    assert session.customer_details.email == "ada@example.com"
    assert session.payment_intent.metadata.to_dict() == {"invoice_id": "INV-7"}
    assert sandbox.v1.checkout.sessions.list({"payment_intent": session.payment_intent.id}).data[0].id == session.id
    after = sandbox.v1.payment_links.retrieve(link.id)
    assert (after.active, after.restrictions.completed_sessions.count) == (False, 1)
    assert sandbox.admin("pay", 409, url=link.url)["error"]["message"] == "This link has been paid already"
    assert sandbox.store.effect_counts() == {
        "stripe.charge_succeeded": 1,
        "stripe.checkout_paid": 1,
        "stripe.payment_link_created": 1,
    }
    assert {e["subject"] for e in sandbox.store.effects()} == {"INV-7"}
    assert sandbox.event_types() == [
        *("payment_link.created", "payment_intent.created", "charge.succeeded", "charge.updated"),
        *("payment_intent.succeeded", "checkout.session.completed", "payment_link.updated"),
    ]


def test_a_link_without_a_limit_is_paid_again(sandbox: Sandbox) -> None:
    link = sandbox.link(limit=None)

    assert [sandbox.admin("pay", payment_link=link.id)["status"] for _ in range(2)] == ["succeeded", "succeeded"]
    assert sandbox.v1.payment_links.retrieve(link.id).active


def test_a_link_by_price_and_product(sandbox: Sandbox) -> None:
    product = sandbox.v1.products.create({"name": "Album", "description": "30 × 30 cm", "metadata": {"sku": "A"}})
    price = sandbox.v1.prices.create({"currency": "EUR", "unit_amount": 12_000, "product": product.id})
    whole = sandbox.v1.prices.create(
        {"currency": "eur", "unit_amount_decimal": "500", "product_data": {"name": "Post"}}
    )

    link = sandbox.v1.payment_links.create(
        {
            "line_items": [{"price": price.id, "quantity": 2}, {"price": whole.id, "quantity": 1}],
            "expand": ["line_items"],
        }
    )

    assert link.currency == "eur"
    assert [(item.description, item.amount_total) for item in link.line_items.data] == [
        ("Album", 24_000),
        ("Post", 500),
    ]
    assert len(sandbox.v1.payment_links.line_items.list(link.id).data) == 2
    assert sandbox.v1.prices.list({"product": product.id}).data[0].id == price.id
    assert sandbox.v1.products.list({"active": True}).data[-1].id == product.id
    assert sandbox.v1.products.retrieve(product.id).metadata.to_dict() == {"sku": "A"}
    assert sandbox.v1.prices.retrieve(price.id, {"expand": ["product"]}).product.name == "Album"


_ITEM = {"currency": "usd", "unit_amount": 5_000, "product_data": {"name": "Session"}}


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"quantity": 1}, "line_items[0]"),
        ({"price": "price_none", "quantity": 1}, "line_items[0][price]"),
        ({"price_data": _ITEM, "quantity": 0}, "line_items[0][quantity]"),
        ({"price_data": {**_ITEM, "unit_amount": 10}, "quantity": 1}, "line_items"),
        ({"price_data": {**_ITEM, "unit_amount": -1}, "quantity": 1}, "line_items[0][price_data][unit_amount]"),
        (
            {"price_data": {"currency": "usd", "product_data": {"name": "S"}}, "quantity": 1},
            "line_items[0][price_data][unit_amount]",
        ),
        (
            {"price_data": {"currency": "usd", "unit_amount": 500}, "quantity": 1},
            "line_items[0][price_data][product]",
        ),
        ({"price_data": {**_ITEM, "currency": "xyz"}, "quantity": 1}, "line_items[0][price_data][currency]"),
        (
            {"price_data": {**_ITEM, "recurring": {"interval": "month"}}, "quantity": 1},
            "line_items[0][price_data][recurring]",
        ),
    ],
)
def test_items_that_cannot_be_sold(sandbox: Sandbox, item: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.payment_links.create({"line_items": [item]})

    assert error.value.param == param
    assert sandbox.store.effect_counts() == {}
    assert sandbox.v1.products.list().data == []


def test_items_in_two_currencies_are_refused(sandbox: Sandbox) -> None:
    items = [{"price_data": {**_ITEM, "currency": code}, "quantity": 1} for code in ("usd", "eur")]

    with pytest.raises(stripe.InvalidRequestError, match="same currency"):
        sandbox.v1.payment_links.create({"line_items": items})


def test_a_link_is_closed_changed_and_listed(sandbox: Sandbox) -> None:
    links, link = sandbox.v1.payment_links, sandbox.link(limit=None)

    closed = links.update(
        link.id,
        {
            "active": False,
            "inactive_message": "Paid by cheque.",
            "metadata": {"a": "1"},
            "restrictions": {"completed_sessions": {"limit": 3}},
            "after_completion": {"type": "redirect", "redirect": {"url": "https://studio.example/thanks"}},
        },
    )

    assert (closed.active, closed.restrictions.completed_sessions.limit) == (False, 3)
    assert sandbox.admin("pay", 409, payment_link=link.id)["error"]["sentence"] == "Paid by cheque."
    assert [each.id for each in links.list({"active": False}).data] == [link.id]
    assert links.list({"active": True}).data == []
    assert "active" in sandbox.v1.events.list({"type": "payment_link.updated"}).data[0].data.previous_attributes
    with pytest.raises(stripe.InvalidRequestError):
        links.update(link.id, {"restrictions": {"completed_sessions": {"limit": 0}}})
    with pytest.raises(stripe.InvalidRequestError):
        links.update(link.id, {"after_completion": {"type": "redirect"}})


def test_an_open_session_of_a_link_that_was_closed_is_refused(sandbox: Sandbox) -> None:
    link = sandbox.link()
    declined = sandbox.admin("pay", payment_link=link.id, card="4000000000000002")
    assert (declined["status"], declined["error"]["decline_code"]) == ("declined", "generic_decline")
    sandbox.v1.payment_links.update(link.id, {"active": False})

    sandbox.admin("pay", 409, session=declined["session"]["id"])


def test_a_session_is_tried_again_with_another_card(sandbox: Sandbox) -> None:
    session = sandbox.session(metadata={"invoice_id": "INV-7"}, customer_email="ada@example.com")

    declined = sandbox.admin("pay", session=session.id, card="pm_card_chargeDeclinedInsufficientFunds")
    paid = sandbox.admin("pay", session=session.id)

    assert declined["message"] == "Your card has insufficient funds."
    assert paid["payment_intent"]["id"] == declined["payment_intent"]["id"]
    assert paid["session"]["customer_details"]["email"] == "ada@example.com"
    charges = sandbox.v1.charges.list({"payment_intent": paid["payment_intent"]["id"]}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert sandbox.store.effects("stripe.checkout_paid")[0]["subject"] == "INV-7"
    sandbox.admin("pay", 409, session=session.id)


def test_a_mistyped_card_starts_nothing(sandbox: Sandbox) -> None:
    link = sandbox.link()

    answer = sandbox.admin("pay", payment_link=link.id, card="4242424242424241")

    assert answer["message"] == "Your card number is incorrect."
    assert sandbox.v1.checkout.sessions.list().data == []


def test_a_session_that_keeps_the_card_makes_a_customer(sandbox: Sandbox) -> None:
    session = sandbox.session(payment_intent_data={"setup_future_usage": "off_session", "description": "Portraits"})

    paid = sandbox.admin("pay", session=session.id, card="4000002500003155", email="ada@example.com", authenticate=True)

    customer = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer"]}).customer
    assert customer.email == "ada@example.com"
    method = sandbox.v1.customers.payment_methods.list(customer.id).data[0].id
    assert paid["payment_intent"]["description"] == "Portraits"
    assert sandbox.charge(method, customer=customer.id, off_session=True).status == "succeeded"


def test_a_session_of_a_known_customer(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"email": "ada@example.com"}).id
    session = sandbox.session(customer=customer)

    paid = sandbox.admin("pay", session=session.id)

    assert paid["payment_intent"]["customer"] == customer
    assert paid["session"]["customer_details"]["email"] == "ada@example.com"
    assert [s.id for s in sandbox.v1.checkout.sessions.list({"customer": customer, "status": "complete"}).data] == [
        session.id
    ]


def test_three_d_secure_on_a_session_may_be_declined(sandbox: Sandbox) -> None:
    session = sandbox.session()
    waiting = sandbox.admin("pay", session=session.id, card="4000002760003184")
    assert waiting["status"] == "requires_action"

    assert sandbox.admin("authenticate", session=session.id, approve=False)["status"] == "requires_payment_method"
    assert sandbox.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert sandbox.admin("pay", session=session.id, card="4000002760003184", authenticate=True)["status"] == "succeeded"


def test_a_session_runs_out_by_the_clock(sandbox: Sandbox) -> None:
    session = sandbox.session()
    sandbox.admin("pay", session=session.id, card="4000000000000002")
    assert session.expires_at == session.created + 86_400
    sandbox.clock.advance(timedelta(days=1))

    expired = sandbox.v1.events.list({"type": "checkout.session.expired"}).data[0]

    assert (expired.data.object.id, expired.request.id) == (session.id, None)
    after = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (after.status, after.url, after.payment_intent.status) == ("expired", None, "canceled")
    assert sandbox.admin("pay", 409, session=session.id)["error"]["message"] == "This page has expired"


def test_a_session_is_expired_by_hand_once(sandbox: Sandbox) -> None:
    session = sandbox.session(expires_at=sandbox.clock.timestamp() + 1_800)
    sandbox.admin("pay", session=session.id, card="4000000000000002")

    assert sandbox.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        sandbox.v1.checkout.sessions.expire(session.id)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"mode": "subscription"}, "mode=payment and mode=setup"),
        ({"ui_mode": "elements"}, "hosted_page only"),
        ({"expires_at": 1_800_000_000}, "expires_at"),
        ({"line_items": None}, "line_items"),
        ({"success_url": None}, "success_url"),
        ({"customer": "cus_none"}, "No such customer"),
        ({"payment_method_types": ["card"]}, "unknown parameter"),
    ],
)
def test_sessions_that_cannot_be_made(sandbox: Sandbox, change: dict[str, object], match: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=match):
        sandbox.session(**change)


def test_a_session_has_a_customer_or_an_email(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create().id

    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        sandbox.session(customer=customer, customer_email="ada@example.com")


@pytest.mark.parametrize(("failure", "status"), [(None, "paid"), ("account_closed", "unpaid")])
def test_a_bank_debit_completes_the_session_and_is_paid_later(
    sandbox: Sandbox, failure: str | None, status: str
) -> None:
    session = sandbox.session(allowed_payment_method_types=["us_bank_account"])
    paid = sandbox.admin("pay", session=session.id, card="pm_usBankAccount")
    assert (paid["session"]["status"], paid["session"]["payment_status"]) == ("complete", "unpaid")
    assert "stripe.checkout_paid" not in sandbox.store.effect_counts()

    sandbox.admin("settle", payment_intent=paid["payment_intent"]["id"], **({"failure": failure} if failure else {}))

    assert sandbox.v1.checkout.sessions.retrieve(session.id).payment_status == status
    assert sandbox.event_types()[-1].startswith("checkout.session.async_payment_")


def test_a_link_may_take_bank_debits(sandbox: Sandbox) -> None:
    link = sandbox.link(payment_method_types=["us_bank_account"], submit_type="pay")

    assert sandbox.admin("pay", payment_link=link.id, card="pm_usBankAccount")["status"] == "processing"


def test_the_lines_of_a_session(sandbox: Sandbox) -> None:
    session = sandbox.session(expand=["line_items"])

    assert session.line_items.data[0].description == "Portrait session"
    assert len(sandbox.v1.checkout.sessions.line_items.list(session.id).data) == 1


def test_paying_with_a_live_link_makes_live_objects(sandbox: Sandbox) -> None:
    live = sandbox.sdk("sk_live_x").v1
    item = {"price_data": _ITEM, "quantity": 1}
    link = live.payment_links.create({"line_items": [item]})

    paid = sandbox.admin("pay", payment_link=link.id)

    assert paid["payment_intent"]["livemode"] is True
    assert sandbox.v1.payment_intents.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.payment_intents.retrieve(paid["payment_intent"]["id"])
    assert refused(error)[0] == 404


@pytest.mark.parametrize("path", ["pay", "settle", "refunds", "disputes", "disputes/du_x/burn", "webhook_endpoint"])
def test_admin_requests_that_are_not_understood(sandbox: Sandbox, path: str) -> None:
    assert "not understood" in sandbox.admin(path, 400)["error"]["message"]
    assert sandbox.http.post(f"/admin/{path}", content="[]").status_code == 400
