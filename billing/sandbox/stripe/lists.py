"""Lists as Stripe pages them: newest first, from a cursor, https://docs.stripe.com/api/pagination."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from billing.sandbox.store import Body
from billing.sandbox.stripe.errors import invalid
from billing.sandbox.stripe.world import World, public

_USUAL_LIMIT = 10
_LARGEST_LIMIT = 100


def page(
    world: World,
    kind: str,
    params: Body,
    url: str,
    *,
    parent: str | tuple[str, ...] | None = None,
    keep: Callable[[Body], bool] = lambda _: True,
    not_before: int | None = None,
) -> Body:
    """One page of a kind. `keep` filters; `not_before` is the oldest `created` that is still shown."""
    limit = _limit(params)
    newer = "ending_before" in params
    cursor = params.get("ending_before") or params.get("starting_after")
    if cursor is not None:
        world.find(kind, cursor, "ending_before" if newer else "starting_after")
    created = _created(params.get("created"))
    found: list[Body] = []
    parents = () if parent is None else (parent,) if isinstance(parent, str) else parent
    for body in _walk(world, kind, parents, cursor, newer, limit):
        if not_before is not None and body["created"] < not_before:
            if newer:
                continue
            break
        if body["_livemode"] == world.livemode and created(body) and keep(body):
            found.append(public(body))
            if len(found) > limit:
                break
    data = found[:limit]
    return listed(data[::-1] if newer else data, url, has_more=len(found) > limit)


def listed(data: list[Body], url: str, *, has_more: bool = False) -> Body:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _limit(params: Body) -> int:
    limit = params.get("limit", _USUAL_LIMIT)
    if limit < 1:
        raise invalid("This value must be greater than or equal to 1.", "limit", "parameter_invalid_integer")
    if limit > _LARGEST_LIMIT:
        text = f"This value must be less than or equal to 100 (it currently is '{limit}')."
        raise invalid(text, "limit", "parameter_invalid_integer")
    return int(limit)


def _created(wanted: Body | int | None) -> Callable[[Body], bool]:
    if wanted is None:
        return lambda _: True
    if isinstance(wanted, int):
        return lambda body: bool(body["created"] == wanted)
    low = max(wanted.get("gte", 0), wanted.get("gt", -1) + 1)
    high = min(wanted.get("lte", 1 << 62), wanted.get("lt", 1 << 62) - 1)
    return lambda body: bool(low <= body["created"] <= high)


def _walk(
    world: World, kind: str, parents: tuple[str, ...], cursor: str | None, newer: bool, limit: int
) -> Iterator[Body]:
    batch_size = limit + 1
    while True:
        batch = world.store.neighbours(f"stripe.{kind}", *parents, of=cursor, newer=newer, limit=batch_size)
        yield from batch
        if len(batch) < batch_size:
            return
        cursor, batch_size = batch[-1]["id"], 200
