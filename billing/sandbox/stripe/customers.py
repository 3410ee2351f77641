"""/v1/customers."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import lists, payment_methods
from billing.sandbox.stripe.errors import missing
from billing.sandbox.stripe.world import World, letters, merged_metadata

_PLAIN = ("address", "description", "email", "name", "phone", "preferred_locales", "shipping", "tax_exempt", "balance")


# A customer of whom nothing is known.
_FRESH: Body = {
    "object": "customer",
    "address": None,
    "balance": 0,
    "currency": None,
    "default_source": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "email": None,
    "metadata": {},
    "name": None,
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
    "test_clock": None,
}


def create(world: World, params: Body) -> Body:
    id_ = world.new_id("customer")
    customer: Body = {
        **_FRESH,
        "id": id_,
        "created": world.now,
        "invoice_prefix": letters(id_, 8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": world.livemode,
    }
    _take(customer, params)
    world.save("customer", customer, customer["email"] or "")
    if "payment_method" in params:
        payment_methods.attach(world, {"customer": id_}, params["payment_method"])
    world.emit("customer.created", customer)
    return customer


def retrieve(world: World, _: Body, id_: str) -> Body:
    return _deleted(id_) if world.store.get("stripe.deleted_customer", id_) else world.find("customer", id_)


def update(world: World, params: Body, id_: str) -> Body:
    customer = world.find("customer", id_)
    default = (params.get("invoice_settings") or {}).get("default_payment_method")
    if default and world.find("payment_method", default, "invoice_settings[default_payment_method]")["customer"] != id_:
        raise missing("PaymentMethod", default, "invoice_settings[default_payment_method]", world.livemode)
    before = dict(customer)
    _take(customer, params)
    world.save("customer", customer, customer["email"] or "")
    world.emit("customer.updated", customer, {k: v for k, v in before.items() if v != customer[k]})
    return customer


def delete(world: World, _: Body, id_: str) -> Body:
    customer = world.find("customer", id_)
    for method in world.store.newest("stripe.payment_method", id_):
        payment_methods.detach(world, {}, method["id"])
    world.store.delete("stripe.customer", id_)
    world.store.put("stripe.deleted_customer", id_, _deleted(id_))
    world.emit("customer.deleted", customer)
    return _deleted(id_)


def list_(world: World, params: Body) -> Body:
    return lists.page(world, "customer", params, "/v1/customers", parent=params.get("email"))


def _deleted(id_: str) -> Body:
    return {"id": id_, "object": "customer", "deleted": True}


def _take(customer: Body, params: Body) -> None:
    for name in _PLAIN:
        if name in params:
            customer[name] = None if params[name] == "" else params[name]
    if "metadata" in params:
        customer["metadata"] = merged_metadata(customer["metadata"], params["metadata"])
    customer["invoice_settings"] = {**customer["invoice_settings"], **params.get("invoice_settings", {})}
