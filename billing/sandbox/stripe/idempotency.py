"""Idempotency-Key, https://docs.stripe.com/api/idempotent_requests: the first answer is the only one, for a day."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from billing.sandbox.store import Body
from billing.sandbox.stripe.errors import StripeError, invalid
from billing.sandbox.stripe.world import World

_KEPT_SECONDS = 24 * 3600
_LONGEST = 255
_KIND = "stripe.idempotency"
_ONLY_WITH = "Keys for idempotent requests can only be used with "


@dataclass(slots=True)
class InFlight:
    """The keys of requests that have not been answered; they live no longer than the process."""

    keys: set[str] = field(default_factory=set)

    def enter(self, held: str, key: str) -> None:
        if held in self.keys:
            raise StripeError(
                409,
                "There is currently another in-progress request using this Idempotent Key (that probably means you"
                f" submitted twice, and the other request is still going through): {key}. Please try again later.",
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        self.keys.add(held)

    def leave(self, held: str) -> None:
        self.keys.discard(held)


def check_length(key: str) -> None:
    if len(key) > _LONGEST:
        raise invalid(f"Idempotency keys can be at most {_LONGEST} characters; this one has {len(key)}.")


def fingerprint(path: str, params: Body) -> str:
    return hashlib.sha256(json.dumps([path, params], sort_keys=True).encode()).hexdigest()


def recall(world: World, key: str, path: str, params: Body) -> tuple[int, Body] | None:
    """The first answer to this key, if it is less than a day old; refuses another request under the same key."""
    kept = world.store.get(_KIND, _id(world, key))
    if kept is None or kept["at"] + _KEPT_SECONDS <= world.now:
        return None
    if kept["path"] != path:
        text = f"the same endpoint they were first used for ('{kept['path']}' vs '{path}'). {_other(key)}"
        raise StripeError(400, _ONLY_WITH + text, kind="idempotency_error")
    if kept["fingerprint"] != fingerprint(path, params):
        text = f"the same parameters they were first used with. {_other(key)}"
        raise StripeError(400, _ONLY_WITH + text, kind="idempotency_error")
    return kept["status"], kept["body"]


def remember(world: World, key: str, path: str, params: Body, status: int, body: Body) -> None:
    """A fingerprint stands for the parameters: they may hold a card."""
    kept = {"path": path, "fingerprint": fingerprint(path, params), "status": status, "body": body, "at": world.now}
    world.store.put(_KIND, _id(world, key), kept)


def _other(key: str) -> str:
    return f"Try using a key other than '{key}' if you meant to execute a different request."


def _id(world: World, key: str) -> str:
    return f"{'live' if world.livemode else 'test'}:{key}"
