"""Reads stripe.params' TypedDicts into the table that the sandbox refuses unknown and misspelt parameters with.

Rewrite the table after an upgrade of stripe-python:  python tests/sandbox/stripe/stripe_params_from_sdk.py
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import types
import typing
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NotRequired, Union, get_args, get_origin

from stripe._request_options import RequestOptions
from typing_extensions import is_typeddict

TABLE = Path(__file__).parents[3] / "billing/sandbox/stripe/params.json"

ENDPOINTS = {
    "GET /v1/account": "AccountRetrieveParams",
    "GET /v1/balance": "BalanceRetrieveParams",
    "POST /v1/customers": "CustomerCreateParams",
    "GET /v1/customers": "CustomerListParams",
    "GET /v1/customers/{id}": "CustomerRetrieveParams",
    "POST /v1/customers/{id}": "CustomerUpdateParams",
    "DELETE /v1/customers/{id}": "CustomerDeleteParams",
    "GET /v1/customers/{id}/payment_methods": "CustomerListPaymentMethodsParams",
    "POST /v1/payment_methods": "PaymentMethodCreateParams",
    "GET /v1/payment_methods": "PaymentMethodListParams",
    "GET /v1/payment_methods/{id}": "PaymentMethodRetrieveParams",
    "POST /v1/payment_methods/{id}": "PaymentMethodUpdateParams",
    "POST /v1/payment_methods/{id}/attach": "PaymentMethodAttachParams",
    "POST /v1/payment_methods/{id}/detach": "PaymentMethodDetachParams",
    "POST /v1/setup_intents": "SetupIntentCreateParams",
    "GET /v1/setup_intents": "SetupIntentListParams",
    "GET /v1/setup_intents/{id}": "SetupIntentRetrieveParams",
    "POST /v1/setup_intents/{id}/confirm": "SetupIntentConfirmParams",
    "POST /v1/setup_intents/{id}/cancel": "SetupIntentCancelParams",
    "POST /v1/payment_intents": "PaymentIntentCreateParams",
    "GET /v1/payment_intents": "PaymentIntentListParams",
    "GET /v1/payment_intents/{id}": "PaymentIntentRetrieveParams",
    "POST /v1/payment_intents/{id}": "PaymentIntentUpdateParams",
    "POST /v1/payment_intents/{id}/confirm": "PaymentIntentConfirmParams",
    "POST /v1/payment_intents/{id}/cancel": "PaymentIntentCancelParams",
    "GET /v1/charges": "ChargeListParams",
    "GET /v1/charges/{id}": "ChargeRetrieveParams",
    "GET /v1/charges/{id}/refunds": "ChargeListRefundsParams",
    "GET /v1/balance_transactions": "BalanceTransactionListParams",
    "GET /v1/balance_transactions/{id}": "BalanceTransactionRetrieveParams",
    "POST /v1/refunds": "RefundCreateParams",
    "GET /v1/refunds": "RefundListParams",
    "GET /v1/refunds/{id}": "RefundRetrieveParams",
    "POST /v1/refunds/{id}": "RefundUpdateParams",
    "GET /v1/disputes": "DisputeListParams",
    "GET /v1/disputes/{id}": "DisputeRetrieveParams",
    "POST /v1/disputes/{id}/close": "DisputeCloseParams",
    "GET /v1/payouts": "PayoutListParams",
    "GET /v1/payouts/{id}": "PayoutRetrieveParams",
    "POST /v1/products": "ProductCreateParams",
    "GET /v1/products": "ProductListParams",
    "GET /v1/products/{id}": "ProductRetrieveParams",
    "POST /v1/prices": "PriceCreateParams",
    "GET /v1/prices": "PriceListParams",
    "GET /v1/prices/{id}": "PriceRetrieveParams",
    "POST /v1/payment_links": "PaymentLinkCreateParams",
    "GET /v1/payment_links": "PaymentLinkListParams",
    "GET /v1/payment_links/{id}": "PaymentLinkRetrieveParams",
    "POST /v1/payment_links/{id}": "PaymentLinkUpdateParams",
    "GET /v1/payment_links/{id}/line_items": "PaymentLinkListLineItemsParams",
    "POST /v1/checkout/sessions": "checkout.SessionCreateParams",
    "GET /v1/checkout/sessions": "checkout.SessionListParams",
    "GET /v1/checkout/sessions/{id}": "checkout.SessionRetrieveParams",
    "POST /v1/checkout/sessions/{id}/expire": "checkout.SessionExpireParams",
    "GET /v1/checkout/sessions/{id}/line_items": "checkout.SessionListLineItemsParams",
    "GET /v1/events": "EventListParams",
    "GET /v1/events/{id}": "EventRetrieveParams",
    "GET /v1/webhook_endpoints": "WebhookEndpointListParams",
}

# The methods of payment that the sandbox speaks; what Stripe takes for any other is let through unread.
_SPOKEN = {
    *("type", "billing_details", "metadata", "allow_redisplay", "radar_options", "card", "us_bank_account", "link"),
    *("customer", "customer_account", "payment_method", "expand"),
}
_BY_METHOD = ("payment_method_options", "payment_method_data", "PaymentMethodCreateParams", "PaymentMethodUpdateParams")
_LONGEST_ENUM = 12
_OPTIONS = set(RequestOptions.__annotations__)


def table() -> dict[str, Any]:
    return {endpoint: _endpoint(name) for endpoint, name in sorted(ENDPOINTS.items())}


def _endpoint(name: str) -> Any:
    folder, _, plain = name.rpartition(".")
    snake = re.sub(r"(?<!^)([A-Z])", r"_\1", plain).lower()
    module = importlib.import_module(".".join(filter(None, ["stripe.params", folder, f"_{snake}"])))
    return _hash(getattr(module, plain), {**vars(module), "Literal": Literal}, plain)


def _hash(shape: Any, names: dict[str, Any], called: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, kind in shape.__annotations__.items():
        if key in _OPTIONS:
            continue
        kind = eval(kind.__forward_arg__, names) if isinstance(kind, typing.ForwardRef) else kind
        required = get_origin(kind) is not NotRequired
        kind = kind if required else get_args(kind)[0]
        if called in _BY_METHOD and key not in _SPOKEN:
            out[key] = "any"
        else:
            out[key + "*" * required] = _node(kind, names, key)
    return out


def _node(kind: Any, names: dict[str, Any], called: str) -> Any:
    if isinstance(kind, typing.ForwardRef):
        kind = eval(kind.__forward_arg__, names)
    plain = {str: "str", int: "int", bool: "bool", float: "decimal", Decimal: "decimal"}
    if inspect.isclass(kind) and kind in plain:
        return plain[kind]
    if is_typeddict(kind):
        return _hash(kind, names, called)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "enum:" + ",".join(args) if len(args) <= _LONGEST_ENUM else "str"
    if origin is list:
        return [_node(args[0], names, called)]
    if origin is dict:
        return "map"
    assert origin in (Union, types.UnionType), kind
    return _union([arg for arg in args if "Untyped" not in str(arg)], names, called)


def _union(args: list[Any], names: dict[str, Any], called: str) -> Any:
    nodes = [_node(arg, names, called) for arg in args]
    emptyable = "enum:" in nodes
    nodes = [node for at, node in enumerate(nodes) if node != "enum:" and node not in nodes[:at]]
    if any(isinstance(node, str) and node.startswith("enum:") for node in nodes):
        nodes = [node for node in nodes if node != "str"]  # the SDK lets newer words through; the server has a list
    node = nodes[0] if len(nodes) == 1 else {"|": nodes} if nodes else "str"
    return {"?": node} if emptyable and node != "str" else node


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), separators=(",", ":")).replace('},"', '},\n"') + "\n")
