"""/v1/payment_links: a page with a fixed amount that lives until it is closed."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import catalog, lists, money
from billing.sandbox.stripe.errors import invalid
from billing.sandbox.stripe.expand import INCLUDABLE
from billing.sandbox.stripe.world import World, about, merged_metadata, public

_UPDATABLE = ("active", "inactive_message", "submit_type", "billing_address_collection", "payment_method_types")


def create(world: World, params: Body) -> Body:
    items = catalog.line_items(world, params["line_items"])
    currency, total = items[0]["currency"], sum(item["amount_total"] for item in items)
    money.chargeable(total, currency, "line_items")
    link = _new(world, params, currency)
    link["_line_items"], link["_amount_total"] = items, total
    world.save("payment_link", link)
    world.emit("payment_link.created", link)
    named = about(link["metadata"] or (link["payment_intent_data"] or {}).get("metadata"), link["id"])
    detail = {"amount": total, "currency": currency, "metadata": link["metadata"]}
    world.effect("payment_link_created", named, {"payment_link": link["id"], "url": link["url"], **detail})
    return link


# What a link shows that this sandbox never changes, or a request has not asked for yet.
_PLAIN: Body = {
    "object": "payment_link",
    "active": True,
    "application": None,
    "application_fee_amount": None,
    "application_fee_percent": None,
    "automatic_tax": {"enabled": False, "liability": None},
    "consent_collection": None,
    "custom_fields": [],
    "invoice_creation": None,
    "on_behalf_of": None,
    "phone_number_collection": {"enabled": False},
    "shipping_address_collection": None,
    "shipping_options": [],
    "subscription_data": None,
    "tax_id_collection": {"enabled": False, "required": "never"},
    "transfer_data": None,
    "_completed": 0,
}


def _new(world: World, params: Body, currency: str) -> Body:
    id_ = world.new_id("payment_link")
    return {
        **_PLAIN,
        "id": id_,
        "after_completion": _after_completion(params),
        "allow_promotion_codes": params.get("allow_promotion_codes", False),
        "billing_address_collection": params.get("billing_address_collection", "auto"),
        "currency": currency,
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
            **params.get("custom_text", {}),
        },
        "customer_creation": params.get("customer_creation", "if_required"),
        "inactive_message": params.get("inactive_message") or None,
        "livemode": world.livemode,
        "metadata": merged_metadata({}, params.get("metadata")),
        "payment_intent_data": _intent_data(params),
        "payment_method_collection": params.get("payment_method_collection", "always"),
        "payment_method_types": params.get("payment_method_types"),
        "restrictions": _restrictions(params.get("restrictions"), 0),
        "submit_type": params.get("submit_type", "auto"),
        "url": f"{world.public_url}/pay/{id_}",
    }


def retrieve(world: World, _: Body, id_: str) -> Body:
    return world.find("payment_link", id_)


def update(world: World, params: Body, id_: str) -> Body:
    link = world.find("payment_link", id_)
    before = dict(link)
    link |= {name: params[name] for name in _UPDATABLE if name in params}
    link["inactive_message"] = link["inactive_message"] or None
    if "after_completion" in params:
        link["after_completion"] = _after_completion(params)
    if "restrictions" in params:
        link["restrictions"] = _restrictions(params["restrictions"], link["_completed"])
    if "metadata" in params:
        link["metadata"] = merged_metadata(link["metadata"], params["metadata"])
    world.save("payment_link", link)
    world.emit("payment_link.updated", link, {k: v for k, v in before.items() if v != link[k]})
    return link


def list_(world: World, params: Body) -> Body:
    active = params.get("active")
    return lists.page(
        world, "payment_link", params, "/v1/payment_links", keep=lambda link: active in (None, link["active"])
    )


def line_items(world: World, _: Body, id_: str) -> Body:
    items = [public(item) for item in world.find("payment_link", id_)["_line_items"]]
    return lists.listed(items, f"/v1/payment_links/{id_}/line_items")


INCLUDABLE["payment_link", "line_items"] = lambda world, link: line_items(world, {}, link["id"])


def paid_up(link: Body) -> bool:
    """As many sessions have been completed as the link allows."""
    limit = (link["restrictions"] or {}).get("completed_sessions")
    return bool(limit and link["_completed"] >= limit["limit"])


def count_completed(world: World, id_: str) -> None:
    """One more session is complete; at its limit the link closes itself."""
    link = world.find("payment_link", id_)
    link["_completed"] += 1
    if link["restrictions"]:
        link["restrictions"]["completed_sessions"]["count"] = link["_completed"]
    closes = paid_up(link) and link["active"]
    link["active"] = link["active"] and not closes
    world.save("payment_link", link)
    if closes:
        world.emit("payment_link.updated", link, {"active": True})


def _after_completion(params: Body) -> Body:
    given = params.get("after_completion") or {"type": "hosted_confirmation"}
    if given["type"] == "redirect":
        if "redirect" not in given:
            name = "after_completion[redirect]"
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        return {"redirect": {"url": given["redirect"]["url"]}, "type": "redirect"}
    said = (given.get("hosted_confirmation") or {}).get("custom_message")
    return {"hosted_confirmation": {"custom_message": said}, "type": "hosted_confirmation"}


def _intent_data(params: Body) -> Body | None:
    given = params.get("payment_intent_data")
    if given is None:
        return None
    plain = ("capture_method", "description", "setup_future_usage", "statement_descriptor")
    more = ("statement_descriptor_suffix", "transfer_group")
    return {**{name: given.get(name) for name in (*plain, *more)}, "metadata": given.get("metadata", {})}


def _restrictions(given: Body | None, count: int) -> Body | None:
    if not given:
        return None
    limit = given["completed_sessions"]["limit"]
    if limit < 1:
        name = "restrictions[completed_sessions][limit]"
        raise invalid("This value must be greater than or equal to 1.", name, "parameter_invalid_integer")
    return {"completed_sessions": {"count": count, "limit": limit}}
