"""Every endpoint of the API that the sandbox speaks, by method and path."""

from __future__ import annotations

from collections.abc import Callable

from billing.sandbox.store import Body
from billing.sandbox.stripe import (
    account,
    balance,
    catalog,
    charges,
    checkout,
    customers,
    disputes,
    events,
    payment_intents,
    payment_links,
    payment_methods,
    payouts,
    refunds,
    setup_intents,
    webhooks,
)

Handler = Callable[..., Body]  # (world, params, *ids in the path) -> the object

ROUTES: dict[str, Handler] = {
    "GET /v1/account": account.retrieve,
    "GET /v1/balance": balance.balance,
    "POST /v1/customers": customers.create,
    "GET /v1/customers": customers.list_,
    "GET /v1/customers/{id}": customers.retrieve,
    "POST /v1/customers/{id}": customers.update,
    "DELETE /v1/customers/{id}": customers.delete,
    "GET /v1/customers/{id}/payment_methods": payment_methods.list_of_customer,
    "POST /v1/payment_methods": payment_methods.create,
    "GET /v1/payment_methods": payment_methods.list_,
    "GET /v1/payment_methods/{id}": payment_methods.retrieve,
    "POST /v1/payment_methods/{id}": payment_methods.update,
    "POST /v1/payment_methods/{id}/attach": payment_methods.attach,
    "POST /v1/payment_methods/{id}/detach": payment_methods.detach,
    "POST /v1/setup_intents": setup_intents.create,
    "GET /v1/setup_intents": setup_intents.list_,
    "GET /v1/setup_intents/{id}": setup_intents.retrieve,
    "POST /v1/setup_intents/{id}/confirm": setup_intents.confirm,
    "POST /v1/setup_intents/{id}/cancel": setup_intents.cancel,
    "POST /v1/payment_intents": payment_intents.create,
    "GET /v1/payment_intents": payment_intents.list_,
    "GET /v1/payment_intents/{id}": payment_intents.retrieve,
    "POST /v1/payment_intents/{id}": payment_intents.update,
    "POST /v1/payment_intents/{id}/confirm": payment_intents.confirm,
    "POST /v1/payment_intents/{id}/cancel": payment_intents.cancel,
    "GET /v1/charges": charges.list_,
    "GET /v1/charges/{id}": charges.retrieve,
    "GET /v1/charges/{id}/refunds": charges.refunds_of,
    "GET /v1/balance_transactions": balance.list_,
    "GET /v1/balance_transactions/{id}": balance.retrieve,
    "POST /v1/refunds": refunds.create,
    "GET /v1/refunds": refunds.list_,
    "GET /v1/refunds/{id}": refunds.retrieve,
    "POST /v1/refunds/{id}": refunds.update,
    "GET /v1/disputes": disputes.list_,
    "GET /v1/disputes/{id}": disputes.retrieve,
    "POST /v1/disputes/{id}/close": disputes.close,
    "GET /v1/payouts": payouts.list_,
    "GET /v1/payouts/{id}": payouts.retrieve,
    "POST /v1/products": catalog.create_product,
    "GET /v1/products": catalog.list_products,
    "GET /v1/products/{id}": catalog.retrieve_product,
    "POST /v1/prices": catalog.create_price,
    "GET /v1/prices": catalog.list_prices,
    "GET /v1/prices/{id}": catalog.retrieve_price,
    "POST /v1/payment_links": payment_links.create,
    "GET /v1/payment_links": payment_links.list_,
    "GET /v1/payment_links/{id}": payment_links.retrieve,
    "POST /v1/payment_links/{id}": payment_links.update,
    "GET /v1/payment_links/{id}/line_items": payment_links.line_items,
    "POST /v1/checkout/sessions": checkout.create,
    "GET /v1/checkout/sessions": checkout.list_,
    "GET /v1/checkout/sessions/{id}": checkout.retrieve,
    "POST /v1/checkout/sessions/{id}/expire": checkout.expire,
    "GET /v1/checkout/sessions/{id}/line_items": checkout.line_items,
    "GET /v1/events": events.list_,
    "GET /v1/events/{id}": events.retrieve,
    "GET /v1/webhook_endpoints": webhooks.list_,
}

_NESTED = {"checkout"}
# What Stripe has where an id would stand, and the sandbox does not speak: it is no id (read out of the SDK by a test).
NO_IDS = frozenset({"search"})


def match(method: str, path: str) -> tuple[str, Handler, list[str]] | None:
    """The endpoint's name, its handler and the ids in the path; None when there is no such address."""
    parts = path.strip("/").split("/")
    id_at = 3 if len(parts) > 1 and parts[1] in _NESTED else 2
    ids = parts[id_at : id_at + 1]
    if NO_IDS.intersection(ids):
        return None
    name = f"{method} /" + "/".join("{id}" if at == id_at else part for at, part in enumerate(parts))
    handler = ROUTES.get(name)
    return (name, handler, ids) if handler else None
