"""The page on which a client pays, as a browser without scripts sees it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest
import stripe
from stripe_sandbox import Sandbox

_GOOD = {"number": "4242 4242 4242 4242", "expiry": "04 / 30", "cvc": "123", "name": "Ada", "email": "ada@example.com"}


def _pay(sandbox: Sandbox, id_: str, **change: str) -> object:
    return sandbox.http.post(f"/pay/{id_}", data={**_GOOD, **change})


def test_looking_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.admin("account", display_name="North Light", accent="#7a2e2e")
    link = sandbox.link(amount=123_450)

    page = sandbox.http.get(f"/pay/{link.id}")

    assert page.status_code == 200
    assert "North Light" in page.text
    assert "$1,234.50" in page.text
    assert "#7a2e2e" in page.text
    assert sandbox.v1.checkout.sessions.list().data == []


def test_paying_a_link_says_thank_you_and_then_that_it_is_paid(sandbox: Sandbox) -> None:
    confirmation = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "See you <soon>."}}
    link = sandbox.link(after_completion=confirmation)

    paid, again, shown = _pay(sandbox, link.id), _pay(sandbox, link.id), sandbox.http.get(f"/pay/{link.id}")

    assert "Paid. Thank you." in paid.text
    assert "See you &lt;soon&gt;." in paid.text
    for page in (again, shown):
        assert page.status_code == 200
        assert "This link has been paid already" in page.text
    assert sandbox.store.effect_counts()["stripe.checkout_paid"] == 1


def test_a_decline_is_shown_and_the_same_session_is_tried_again(sandbox: Sandbox) -> None:
    link = sandbox.link()

    declined = _pay(sandbox, link.id, number="4000000000009995")

    assert declined.status_code == 402
    assert "Your card has insufficient funds." in declined.text
    for name, value in (("name", "Ada"), ("number", "4000000000009995"), ("expiry", "04 / 30")):
        assert re.search(f'name="{name}"[^>]* value="{value}"', declined.text), name
    assert "123" not in declined.text  # the CVC is typed anew, as on a real page
    assert declined.headers["cache-control"] == "no-store"
    [action] = re.findall(r'action="([^"]+)"', declined.text)
    assert sandbox.http.post(action, data=_GOOD).status_code == 200
    assert len(sandbox.v1.checkout.sessions.list().data) == 1


@pytest.mark.parametrize("change", [{"expiry": "13/30"}, {"expiry": "soon"}, {"number": ""}, {"cvc": ""}])
def test_a_slip_of_the_pen_is_shown_on_the_link_itself(sandbox: Sandbox, change: dict[str, str]) -> None:
    link = sandbox.link()

    page = _pay(sandbox, link.id, **change)

    assert page.status_code == 402
    assert f'action="/pay/{link.id}"' in page.text
    assert sandbox.store.effect_counts() == {"stripe.payment_link_created": 1}


def test_after_a_session_the_browser_goes_back_to_the_studio(sandbox: Sandbox) -> None:
    session = sandbox.session(cancel_url="https://studio.example/invoice")
    form = sandbox.http.get(f"/pay/{session.id}")
    assert "https://studio.example/invoice" in form.text
    assert "form-action 'self' https://studio.example;" in form.headers["content-security-policy"]

    paid = _pay(sandbox, session.id)

    assert paid.status_code == 303
    assert paid.headers["location"] == f"https://studio.example/thanks?s={session.id}"


def test_a_link_may_lead_on(sandbox: Sandbox) -> None:
    link = sandbox.link(after_completion={"type": "redirect", "redirect": {"url": "https://studio.example/gallery"}})

    assert _pay(sandbox, link.id).headers["location"] == "https://studio.example/gallery"


@pytest.mark.parametrize(("answer", "says"), [("approve", "Paid. Thank you."), ("decline", "unable to authenticate")])
def test_three_d_secure_asks_in_between(sandbox: Sandbox, answer: str, says: str) -> None:
    asked = _pay(sandbox, sandbox.link().id, number="4000002760003184")
    assert "Your bank asks" in asked.text
    [action] = re.findall(r'action="([^"]+)"', asked.text)

    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text))

    page = sandbox.http.post(action, data={"answer": answer, **hidden})

    assert says in page.text
    assert ('value="4000002760003184"' in page.text) is (answer == "decline")


def _setup(sandbox: Sandbox, **more: object) -> Any:
    given = {"mode": "setup", "currency": "eur", "success_url": "https://studio.example/cards?s={CHECKOUT_SESSION_ID}"}
    return sandbox.v1.checkout.sessions.create({**given, **more})


def test_a_session_may_save_a_card_and_charge_nothing(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"email": "ada@example.com"}).id
    session = _setup(sandbox, customer=customer, setup_intent_data={"metadata": {"consent": "2026-01"}})
    page = sandbox.http.get(f"/pay/{session.id}").text
    assert "Save this card" in page
    assert 'class="amount"' not in page

    saved = _pay(sandbox, session.id)

    assert saved.headers["location"] == f"https://studio.example/cards?s={session.id}"
    after = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (after.status, after.payment_status, after.payment_intent) == ("complete", "no_payment_required", None)
    intent = after.setup_intent
    assert (intent.status, intent.usage, intent.metadata.to_dict()) == (
        "succeeded",
        "off_session",
        {"consent": "2026-01"},
    )
    [card] = sandbox.v1.customers.payment_methods.list(customer).data
    assert card.id == intent.payment_method
    assert "checkout.session.completed" in sandbox.event_types()
    assert sandbox.store.effect_counts() == {}
    assert "Your card is saved" in sandbox.http.get(f"/pay/{session.id}").text


def test_a_card_that_cannot_be_saved_is_told_and_another_saved(sandbox: Sandbox) -> None:
    session = _setup(sandbox)

    declined = _pay(sandbox, session.id, number="4000000000000002")

    assert declined.status_code == 402
    assert "Your card was declined." in declined.text
    assert _pay(sandbox, session.id).status_code == 303


def test_a_bank_may_ask_before_a_card_is_saved(sandbox: Sandbox) -> None:
    session = _setup(sandbox)

    asked = _pay(sandbox, session.id, number="4000002500003155")

    assert "Your bank asks" in asked.text
    [action] = re.findall(r'action="([^"]+)"', asked.text)
    assert sandbox.http.post(action, data={"answer": "decline"}).status_code == 402
    assert sandbox.http.post(_asked_again(sandbox, session.id), data={"answer": "approve"}).status_code == 303


def _asked_again(sandbox: Sandbox, id_: str) -> str:
    [action] = re.findall(r'action="([^"]+)"', _pay(sandbox, id_, number="4000002500003155").text)
    return str(action)


def test_the_intent_of_a_session_is_the_sessions_alone(sandbox: Sandbox) -> None:
    session = _setup(sandbox)

    with pytest.raises(stripe.InvalidRequestError, match="belongs to a Checkout Session"):
        sandbox.v1.setup_intents.cancel(session.setup_intent)
    sandbox.v1.checkout.sessions.expire(session.id)

    assert sandbox.v1.setup_intents.retrieve(session.setup_intent).status == "canceled"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items"),
        ({"payment_intent_data": {"description": "x"}}, "payment_intent_data"),
        ({"currency": None}, "currency"),
        ({"mode": "subscription"}, "mode"),
        ({"mode": "payment", "setup_intent_data": {"description": "x"}}, "setup_intent_data"),
    ],
)
def test_what_saves_a_card_takes_nothing_that_charges(sandbox: Sandbox, change: dict[str, object], param: str) -> None:
    given = {"mode": "setup", "currency": "eur", "success_url": "https://studio.example", **change}

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        sandbox.v1.checkout.sessions.create({name: value for name, value in given.items() if value is not None})

    assert refusal.value.param == param


def test_a_bare_intent_asks_on_its_own_page(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_card_authenticationRequired", return_url="https://studio.example/back?a=1")
    page = sandbox.http.get(f"/pay/{intent.id}")
    assert "Approve the payment" in page.text

    back = sandbox.http.post(f"/pay/{intent.id}/authenticate", data={"answer": "approve"})

    assert back.headers["location"] == f"https://studio.example/back?a=1&payment_intent={intent.id}"
    assert sandbox.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert sandbox.http.get(f"/pay/{intent.id}").status_code == 410
    assert sandbox.http.post(f"/pay/{intent.id}/authenticate", data={}).status_code == 400


def test_a_bare_intent_that_is_declined_goes_back_too(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_card_authenticationRequired", return_url="https://studio.example/back")

    back = sandbox.http.post(f"/pay/{intent.id}/authenticate", data={"answer": "decline"})

    assert back.status_code == 303
    assert sandbox.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


def test_pages_that_take_no_payment(sandbox: Sandbox) -> None:
    link, session = sandbox.link(inactive_message="Call <us>."), sandbox.session()
    sandbox.v1.payment_links.update(link.id, {"active": False})
    sandbox.v1.checkout.sessions.expire(session.id)

    inactive, expired = sandbox.http.get(f"/pay/{link.id}"), sandbox.http.get(f"/pay/{session.id}")

    assert (inactive.status_code, "Call &lt;us&gt;." in inactive.text) == (410, True)
    assert (expired.status_code, "has expired" in expired.text) == (410, True)
    for unknown in ("plink_none", "cs_test_none", "anything"):
        assert sandbox.http.get(f"/pay/{unknown}").status_code == 404
        assert _pay(sandbox, unknown).status_code == 404
    assert sandbox.http.get("/pay/pi_none").status_code == 404
    assert sandbox.http.post(f"/pay/{session.id}/authenticate").status_code == 410


def test_what_a_studio_writes_is_escaped_and_nothing_is_loaded(sandbox: Sandbox) -> None:
    sandbox.admin("account", display_name="<script>alert(1)</script>", accent="red;} body{display:none")
    price = {"currency": "usd", "unit_amount": 5_000}
    evil = {"name": "<img src=http://evil.example>", "description": "{{ 7 * 7 }}"}
    plain = {**price, "product_data": {"name": "Print"}}
    items = [{"price_data": {**price, "product_data": evil}, "quantity": 2}, {"price_data": plain, "quantity": 1}]
    link = sandbox.v1.payment_links.create({"line_items": items})

    page = sandbox.http.get(f"/pay/{link.id}")

    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "Your payment" in page.text
    assert "display:none" not in page.text
    policy = page.headers["content-security-policy"]
    [css] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.findall(r'(?:src|href)="http', page.text)


def test_a_bank_debit_on_the_page_is_on_its_way(sandbox: Sandbox) -> None:
    link = sandbox.link(payment_method_types=["us_bank_account"])

    assert "on its way" in _pay(sandbox, link.id, number="pm_usBankAccount").text


def test_a_mounted_page_posts_to_where_it_is_mounted() -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.testclient import TestClient

    from billing.sandbox.clock import SandboxClock
    from billing.sandbox.store import Store
    from billing.sandbox.stripe import build_stripe

    store = Store(":memory:")
    app = build_stripe(store, SandboxClock(store), "http://testserver/stripe")
    with TestClient(Starlette(routes=[Mount("/stripe", app)])) as http:
        mounted = Sandbox(store, SandboxClock(store), http, "http://testserver/stripe")
        link = mounted.link()
        page = http.get(link.url)
        http.post("/stripe/admin/faults", json={"kind": "429"})
        limited = http.get("/stripe/v1/account", headers={"authorization": "Bearer sk_test_x"})

    assert f'action="/stripe/pay/{link.id}"' in page.text
    assert limited.status_code == 429
    store.close()


def test_amounts_are_written_as_people_write_them(sandbox: Sandbox) -> None:
    from billing.sandbox.stripe.money import shown

    written = [shown(*case) for case in [(123_456, "eur"), (5_000, "jpy"), (1_500, "kwd"), (-90, "usd"), (100, "chf")]]

    assert written == ["€1,234.56", "¥5,000", "KWD 1.500", "−$0.90", "CHF 1.00"]
