"""/v1/events: the cursor over everything that happened, kept for 30 days."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import lists
from billing.sandbox.stripe.errors import invalid, missing
from billing.sandbox.stripe.world import World

_KEPT_SECONDS = 30 * 86_400
_MOST_TYPES = 20


def list_(world: World, params: Body) -> Body:
    wanted = params.get("types")
    if wanted and "type" in params:
        raise invalid("You may only specify one of these parameters: type, types.", "types")
    if wanted and len(wanted) > _MOST_TYPES:
        raise invalid(f"You may pass at most {_MOST_TYPES} types.", "types")
    patterns = wanted or ([params["type"]] if params.get("type") else [])
    return lists.page(
        *(world, "event", params, "/v1/events"),
        parent=() if any(pattern.endswith("*") for pattern in patterns) else tuple(patterns),
        keep=lambda event: not patterns or any(_fits(event["type"], pattern) for pattern in patterns),
        not_before=world.now - _KEPT_SECONDS,
    )


def retrieve(world: World, _: Body, id_: str) -> Body:
    event = world.find("event", id_)
    if event["created"] < world.now - _KEPT_SECONDS:
        raise missing("event", id_, None, world.livemode)
    return event


def _fits(type_: str, pattern: str) -> bool:
    """`charge.*` takes all of a group."""
    return type_ == pattern or (pattern.endswith("*") and type_.startswith(pattern[:-1]))
