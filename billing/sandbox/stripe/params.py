"""Checks parameters against params.json, which tests/sandbox/stripe reads out of stripe-python's own TypedDicts."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from billing.sandbox.store import Body
from billing.sandbox.stripe.errors import StripeError, invalid

TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "params.json").read_text())

# Since 2026-09-30.endive: docs.stripe.com/changelog/endive, "Removes the payment method types parameter from …".
_ONLY_ALLOWED_TYPES = ("POST /v1/payment_intents", "POST /v1/setup_intents")


def checked(endpoint: str, given: Body) -> Body:
    """The parameters in their types. Unknown, missing and malformed ones are refused as Stripe refuses them."""
    if "payment_method_types" in given and endpoint.startswith(_ONLY_ALLOWED_TYPES):
        raise invalid(
            "The parameter `payment_method_types` is no longer supported. Use `allowed_payment_method_types`, or manage"
            " payment methods in the Dashboard.",
            "payment_method_types",
            "payment_method_types_no_longer_supported",
        )
    return _hash(TABLE[endpoint], given, "")


def _hash(shape: Body, given: Any, at: str) -> Body:
    if not isinstance(given, dict):
        raise invalid("Invalid object", at)
    names = {name.rstrip("*"): kind for name, kind in shape.items()}
    unknown = [_name(at, name) for name in given if name not in names]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise invalid(f"Received unknown parameter{plural}: {', '.join(unknown)}", unknown[0], "parameter_unknown")
    for name in shape:
        if name.endswith("*") and name[:-1] not in given:
            wanted = _name(at, name[:-1])
            raise invalid(f"Missing required param: {wanted}.", wanted, "parameter_missing")
    return {name: _node(names[name], value, _name(at, name)) for name, value in given.items()}


def _name(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name


def _node(kind: Any, value: Any, at: str) -> Any:
    if isinstance(kind, list):
        return [_node(kind[0], item, f"{at}[{number}]") for number, item in enumerate(_list(value, at))]
    if isinstance(kind, dict):
        if "?" in kind:
            return None if value == "" else _node(kind["?"], value, at)
        return _either(kind["|"], value, at) if "|" in kind else _hash(kind, value, at)
    if kind == "map":
        return _map(value, at)
    return _leaf(kind, value, at)


def _either(kinds: list[Any], value: Any, at: str) -> Any:
    refusal: StripeError | None = None
    for kind in kinds:
        try:
            return _node(kind, value, at)
        except StripeError as error:
            refusal = refusal or error
    raise refusal or AssertionError(at)


def _list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid("Invalid array", at)
    return value


def _map(value: Any, at: str) -> Body:
    """Free keys, as metadata has them; a form cannot tell {"0": x} from a list."""
    pairs = {str(n): item for n, item in enumerate(value)} if isinstance(value, list) else value
    if not isinstance(pairs, dict) or not all(isinstance(item, str) for item in pairs.values()):
        raise invalid(f"Invalid {at}: it should be a hash of strings.", at)
    if len(pairs) > 50:
        raise invalid(f"Metadata can have at most 50 keys; {at} has {len(pairs)}.", at)
    for name, item in pairs.items():
        if len(name) > 40:
            raise invalid(f"Metadata keys can have up to 40 characters, but you passed in: {name}.", f"{at}[{name}]")
        if len(item) > 500:
            raise invalid(
                f"Metadata values can have up to 500 characters, but you passed in one of {len(item)} characters.",
                f"{at}[{name}]",
            )
    return pairs


def _leaf(kind: str, value: Any, at: str) -> Any:
    if kind == "any":
        return value
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {json.dumps(value)[:80]}", at)
    if kind == "str":
        return value
    if value == "":
        raise invalid(
            f"You passed an empty string for '{at}'. We assume empty values are an attempt to unset a parameter;"
            f" however '{at}' cannot be unset. You should remove '{at}' from your request or supply a non-empty value.",
            at,
            "parameter_invalid_empty",
        )
    return _typed(kind, value, at)


def _typed(kind: str, value: str, at: str) -> Any:
    if kind == "int":
        if not value.removeprefix("-").isascii() or not value.removeprefix("-").isdecimal() or len(value) > 18:
            raise invalid(f"Invalid integer: {value[:80]}", at, "parameter_invalid_integer")
        return int(value)
    if kind == "bool":
        if value not in ("true", "false"):
            raise invalid(f"Invalid boolean: {value[:80]}", at)
        return value == "true"
    if kind == "decimal":
        return _decimal(value, at)
    words = kind.removeprefix("enum:").split(",")
    if value not in words:
        raise invalid(f"Invalid {at}: must be one of {', '.join(words)}", at)
    return value


def _decimal(value: str, at: str) -> str:
    try:
        finite = Decimal(value).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise invalid(f"Invalid decimal: {value[:80]}", at)
    return value
