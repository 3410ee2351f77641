"""/v1/products and /v1/prices, and the line items made of them."""

from __future__ import annotations

from decimal import Decimal

from billing.sandbox.store import Body
from billing.sandbox.stripe import lists, money
from billing.sandbox.stripe.errors import invalid
from billing.sandbox.stripe.world import World, merged_metadata, public


def create_product(world: World, params: Body) -> Body:
    product = _product(world, params)
    world.emit("product.created", product)
    return product


def create_price(world: World, params: Body) -> Body:
    price = _price(world, params, "")
    world.emit("price.created", price)
    return price


def retrieve_product(world: World, _: Body, id_: str) -> Body:
    return world.find("product", id_)


def retrieve_price(world: World, _: Body, id_: str) -> Body:
    return world.find("price", id_)


def list_products(world: World, params: Body) -> Body:
    active = params.get("active")
    return lists.page(
        world, "product", params, "/v1/products", keep=lambda product: active in (None, product["active"])
    )


def list_prices(world: World, params: Body) -> Body:
    return lists.page(world, "price", params, "/v1/prices", parent=params.get("product"))


def line_items(world: World, given: list[Body]) -> list[Body]:
    """Line items with their prices looked up or made; one currency, at least one item."""
    items = [_line_item(world, item, f"line_items[{at}]") for at, item in enumerate(given)]
    if len({item["currency"] for item in items}) != 1:
        raise invalid("The line items must be at least one, all in the same currency.", "line_items")
    return items


def _line_item(world: World, item: Body, at: str) -> Body:
    if "price" in item:
        price = world.find("price", item["price"], f"{at}[price]")
    elif "price_data" in item:
        price = _price(world, item["price_data"], f"{at}[price_data]")
    else:
        raise invalid(f"You must specify either `price` or `price_data` for {at}.", at)
    quantity: int = item.get("quantity", 1)
    if quantity < 1:
        raise invalid("This value must be greater than or equal to 1.", f"{at}[quantity]", "parameter_invalid_integer")
    product = world.find("product", price["product"])
    total = price["unit_amount"] * quantity
    return {
        "id": world.new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": product["name"],
        "price": public(price),
        "quantity": quantity,
        "_detail": product["description"],
    }


def _product(world: World, params: Body) -> Body:
    product: Body = {
        "id": params.get("id") or world.new_id("product"),
        "object": "product",
        "active": params.get("active", True),
        "created": world.now,
        "default_price": None,
        "description": params.get("description"),
        "images": params.get("images", []),
        "livemode": world.livemode,
        "marketing_features": [],
        "metadata": merged_metadata({}, params.get("metadata")),
        "name": params["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": params.get("tax_code"),
        "type": "service",
        "unit_label": params.get("unit_label"),
        "updated": world.now,
        "url": None,
    }
    return world.save("product", product)


def _price(world: World, params: Body, at: str) -> Body:
    def named(name: str) -> str:
        return f"{at}[{name}]" if at else name

    if "recurring" in params:
        raise invalid("This sandbox sells once; recurring prices are not ones that it speaks.", named("recurring"))
    amount = _unit_amount(params, named("unit_amount"))
    currency = money.currency_code(params["currency"], named("currency"))
    if "product_data" in params:
        product = _product(world, params["product_data"])
    elif "product" in params:
        product = world.find("product", params["product"], named("product"))
    else:
        raise invalid("You must specify either `product` or `product_data`.", named("product"), "parameter_missing")
    price: Body = {
        "id": world.new_id("price"),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": world.now,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": world.livemode,
        "lookup_key": params.get("lookup_key"),
        "metadata": merged_metadata({}, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": product["id"],
        "recurring": None,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
    return world.save("price", price, product["id"])


def _unit_amount(params: Body, at: str) -> int:
    if "unit_amount" not in params and "unit_amount_decimal" not in params:
        raise invalid("You must specify either `unit_amount` or `unit_amount_decimal`.", at, "parameter_missing")
    amount = Decimal(params["unit_amount"] if "unit_amount" in params else params["unit_amount_decimal"])
    if amount < 0 or amount != amount.to_integral_value():
        raise invalid(f"Invalid non-negative integer: {amount}", at, "parameter_invalid_integer")
    return int(amount)
