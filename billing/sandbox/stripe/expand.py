"""`expand[]`: ids become the objects they name, https://docs.stripe.com/api/expanding_objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing.sandbox.store import Body
from billing.sandbox.stripe.errors import invalid
from billing.sandbox.stripe.world import KIND_BY_PREFIX, World, public

_DEEPEST = 4
# Lists that an object carries only when asked: (object, field) -> how to read it.
Includable = Callable[[World, Body], Body]
INCLUDABLE: dict[tuple[str, str], Includable] = {}
# What may be expanded and is there only once there is something to tell (specification: refund, not required).
_COMES_LATER = {("refund", "failure_balance_transaction")}


def expanded(world: World, body: Body, paths: list[str]) -> Body:
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEEPEST:
            raise invalid(f"You cannot expand more than {_DEEPEST} levels of a property. Property: {path}", "expand")
        body = _expand(world, body, steps, path)
    return body


def _expand(world: World, body: Body, steps: list[str], path: str) -> Body:
    step, rest = steps[0], steps[1:]
    if step == "data" and body.get("object") == "list":
        return {**body, "data": [_expand(world, item, rest, path) for item in body["data"]] if rest else body["data"]}
    include = INCLUDABLE.get((body.get("object", ""), step))
    if include and step not in body:
        return {**body, step: _deeper(world, include(world, body), rest, path)}
    if step not in body and (body.get("object"), step) in _COMES_LATER:
        return body
    if step not in body or step == "id":
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    return {**body, step: _deeper(world, _resolved(world, body[step], path), rest, path)}


def _resolved(world: World, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        return value
    kind = KIND_BY_PREFIX.get(value.split("_", 1)[0])
    found = world.store.get(f"stripe.{kind}", value) if kind else None
    if found is None:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    return public(found)


def _deeper(world: World, value: Any, rest: list[str], path: str) -> Any:
    if not rest or value is None:
        return value
    if isinstance(value, list):
        return [_deeper(world, _resolved(world, item, path), rest, path) for item in value]
    if not isinstance(value, dict):
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    return _expand(world, value, rest, path)
