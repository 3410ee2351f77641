"""Answers against Stripe's published specification (2023-08-16) and against the SDK's own classes (2026-10-28)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from openapi_schema_validator import OAS30Validator
from stripe_sandbox import Sandbox

from billing.sandbox.store import Store

_SPEC = Path(__file__).parents[3] / "../shared/specs/stripe-openapi-2023-08-16.json"

# What the specification of 2023-08-16 requires and Stripe has taken away since: all the exceptions there are.
_GONE = {"product": {"features"}}  # marketing_features since 2024-04-10

_CLASSES: dict[str, Any] = {
    "account": stripe.Account,
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "payment_intent": stripe.PaymentIntent,
    "payment_link": stripe.PaymentLink,
    "payment_method": stripe.PaymentMethod,
    "payout": stripe.Payout,
    "price": stripe.Price,
    "product": stripe.Product,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
    "webhook_endpoint": stripe.WebhookEndpoint,
    "balance": stripe.Balance,
    "item": stripe.LineItem,
}


def _populate(sandbox: Sandbox) -> None:
    """A world in which each object occurs, in several states."""
    customer, method = sandbox.customer_with()
    sandbox.charge(method, customer=customer, off_session=True)
    refunded = sandbox.charge()
    sandbox.v1.refunds.create({"payment_intent": refunded.id, "amount": 100})
    sandbox.charge("pm_card_createDispute")
    sandbox.charge("pm_usBankAccount", allowed_payment_method_types=["us_bank_account"])
    sandbox.charge("pm_card_authenticationRequired", return_url="https://studio.example")
    with pytest.raises(stripe.CardError):
        sandbox.charge("pm_card_chargeDeclined")
    sandbox.v1.setup_intents.create({"customer": customer})
    sandbox.admin("pay", payment_link=sandbox.link(metadata={"invoice_id": "I"}).id, email="ada@example.com")
    sandbox.session(customer_email="ada@example.com")
    saving = {"mode": "setup", "currency": "eur", "success_url": "https://studio.example"}
    sandbox.v1.checkout.sessions.create(saving)
    sandbox.admin("payouts", include_pending=True)
    sandbox.admin("webhook_endpoint", url="http://127.0.0.1:9", secret="whsec_x")


_LISTS = (
    *("customers", "payment_intents", "charges", "balance_transactions", "refunds", "disputes", "payouts", "products"),
    *("prices", "payment_links", "checkout/sessions", "events", "setup_intents", "webhook_endpoints"),
)


def _objects(sandbox: Sandbox) -> list[dict[str, Any]]:
    _populate(sandbox)
    headers = {"authorization": "Bearer sk_test_x"}
    found = [sandbox.http.get(f"/v1/{path}", headers=headers).json() for path in ("account", "balance")]
    for path in _LISTS:
        listed = sandbox.http.get(f"/v1/{path}?limit=100", headers=headers).json()
        assert listed["data"], path
        found += listed["data"]
    customer = found[2]["id"]
    found += sandbox.http.get(f"/v1/payment_methods?customer={customer}", headers=headers).json()["data"]
    link = next(each["id"] for each in found if each["object"] == "payment_link")
    return found + sandbox.http.get(f"/v1/payment_links/{link}/line_items", headers=headers).json()["data"]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    if not _SPEC.exists():
        pytest.skip("the specification is not beside the project (../shared/specs)")
    return {"schemas": _nullable(json.loads(_SPEC.read_text())["components"]["schemas"])}


def test_answers_fit_the_published_specification(sandbox: Sandbox, schemas: dict[str, Any]) -> None:
    wrong = {error for body in _objects(sandbox) for error in _errors(body, schemas)}

    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.parametrize(
    ("change", "said"),
    [({"amount": "ten"}, "'ten'"), ({"status": "well"}, "'well'"), ({"latest_charge": 7}, "7 is not")],
)
def test_a_wrong_answer_would_be_noticed(
    sandbox: Sandbox, schemas: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    intent = sandbox.charge(expand=[]).to_dict()

    [error] = _errors({**intent, **change}, schemas)

    assert said in error


def _errors(body: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    name = body["object"]
    validator = OAS30Validator({"$ref": f"#/components/schemas/{name}", "components": schemas})
    leaves = [leaf for error in validator.iter_errors(body) for leaf in _leaves(error)]
    return [f"{name}: {_said(error)}" for error in leaves if not _excused(name, error)]


def _nullable(node: Any) -> Any:
    """OpenAPI 3.0 leaves `nullable` beside anyOf and $ref open; Stripe means that null is one more alternative."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {name: _nullable(value) for name, value in node.items() if name != "nullable"}
    return {"anyOf": [inner, {"enum": [None]}]} if node.get("nullable") is True else inner


def _leaves(error: Any) -> list[Any]:
    """Where alternatives fail, what is wrong with the one that comes nearest."""
    if not error.context:
        return [error]
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    typed = [found for found in branches.values() if not any(e.validator == "type" and not e.path for e in found)]
    nearest = min(typed or branches.values(), key=len)
    return [leaf for inner in nearest for leaf in _leaves(inner)]


def _excused(name: str, error: Any) -> bool:
    missing = re.findall(r"^'(\w+)' is a required", error.message)
    return bool(missing) and missing[0] in _GONE.get(name, set())


def _said(error: Any) -> str:
    return f"{'.'.join(map(str, error.absolute_path))}: {error.message[-200:]}"


def test_answers_have_the_fields_of_the_sdks_classes_and_no_others(sandbox: Sandbox) -> None:
    """All the way down: an object within an object is a class of the SDK's, too."""
    wrong = {
        said for body in _objects(sandbox) for said in _unlike(body, _CLASSES[body["object"]], str(body["object"]))
    }

    assert sorted(wrong) == []


def _unlike(body: dict[str, Any], class_: Any, at: str) -> Iterator[str]:
    fields = {name: str(kind) for name, kind in class_.__annotations__.items() if name[0] != "_"}
    always = {name for name, kind in fields.items() if "None" not in kind and "Optional" not in kind}
    yield from (f"{at}.{name} is invented" for name in set(body) - set(fields))
    yield from (f"{at}.{name} is missing" for name in always - set(body) - {"OBJECT_NAME"})
    for name, inner in getattr(class_, "_inner_class_types", {}).items():
        value = body.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield from _unlike(one, inner, f"{at}.{name}")


def test_nothing_that_is_kept_looks_like_a_card(sandbox: Sandbox, store: Store) -> None:
    _populate(sandbox)
    typed = {"number": "5555 5555 5555 4444", "exp_month": 4, "exp_year": 2030, "cvc": "737"}
    sandbox.v1.payment_methods.create({"type": "card", "card": typed}, {"idempotency_key": "k"})
    sandbox.http.post(f"/pay/{sandbox.link().id}", data={"number": "4000000000000002", "expiry": "1/30", "cvc": "737"})

    kept = _without_uuids("\n".join(line for line in store._db.iterdump()))

    assert "'737'" not in kept
    assert [run for run in re.findall(r"(?=(?<!\d)(\d[\d -]{11,22}\d)(?!\d))", kept) if _luhn(run)] == []
    runs = {
        run[at : at + size] for run in re.findall(r"\d{13,}", kept) for size in range(13, 20) for at in range(len(run))
    }
    assert [run for run in runs if len(run) >= 13 and _luhn(run)] == []


def _without_uuids(text: str) -> str:
    """The SDK's own random keys: now and then one of them adds up like a card."""
    return re.sub(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "uuid", text)


def _luhn(text: str) -> bool:
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) if at % 2 else d for at, d in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0


def test_two_runs_have_the_same_ids(sandbox: Sandbox) -> None:
    """Names come from counters, not from chance."""
    assert sandbox.charge().id == "pi_sbx000001hkJXiNprStXXAPn"
