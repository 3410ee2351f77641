"""One call's view of the sandbox: the store, the instant, the mode of the key, and the ways to write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from billing.sandbox.store import Body, Store
from billing.sandbox.stripe.errors import missing

API_VERSION = "2026-10-28.endive"

# kind -> (id prefix, what Stripe calls it in "No such …")
KINDS = {
    "customer": ("cus", "customer"),
    "payment_method": ("pm", "PaymentMethod"),
    "setup_intent": ("seti", "setupintent"),
    "payment_intent": ("pi", "payment_intent"),
    "charge": ("ch", "charge"),
    "balance_transaction": ("txn", "balance transaction"),
    "refund": ("re", "refund"),
    "dispute": ("du", "dispute"),
    "payout": ("po", "payout"),
    "product": ("prod", "product"),
    "price": ("price", "price"),
    "payment_link": ("plink", "payment_link"),
    "checkout.session": ("cs", "checkout.session"),
    "event": ("evt", "event"),
    "webhook_endpoint": ("we", "webhook_endpoint"),
}
KIND_BY_PREFIX = {prefix: kind for kind, (prefix, _) in KINDS.items()}
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def public(body: Body) -> Body:
    """What goes over the wire: everything but our own notes, whose names start with an underscore."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


def letters(seed: str, length: int) -> str:
    """Letters only: ids must never hold a run of digits that a scan would take for a card number."""
    digest = hashlib.shake_128(seed.encode()).digest(length)
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest)


@dataclass(frozen=True, slots=True)
class World:
    """`now` is in whole seconds of the sandbox's clock and stands still within a call."""

    store: Store
    now: int
    public_url: str
    deliver: Callable[[str], None]
    livemode: bool = False
    request_id: str | None = None
    idempotency_key: str | None = None

    def new_id(self, kind: str) -> str:
        prefix = KINDS[kind][0] if kind in KINDS else kind
        number = self.store.next_number(f"stripe:{prefix}")
        if kind == "checkout.session":
            prefix = "cs_live" if self.livemode else "cs_test"
        return f"{prefix}_sbx{number:06d}{letters(f'{prefix}:{number}', 15)}"

    def find(self, kind: str, id_: str, param: str | None = None) -> Body:
        """The object, or Stripe's refusal: 404 without `param`, 400 with."""
        body = self.store.get(f"stripe.{kind}", id_)
        if body is None or body["_livemode"] != self.livemode:
            raise missing(KINDS[kind][1], id_, param, self.livemode, elsewhere=body is not None)
        return body

    def save(self, kind: str, body: Body, parent: str | None = None) -> Body:
        body.setdefault("_livemode", self.livemode)  # refunds and balance transactions show no livemode of their own
        return self.store.put(f"stripe.{kind}", body["id"], body, parent)

    def in_mode_of(self, kind: str, id_: str) -> World:
        """For people at the controls, who see test and live objects alike: the world that the object lives in."""
        body = self.store.get(f"stripe.{kind}", id_)
        livemode = self.livemode if body is None else body["_livemode"]
        return replace(self, livemode=livemode, request_id=None, idempotency_key=None)

    def emit(self, type_: str, subject: Body, before: Body | None = None) -> Body:
        """Append an event with the subject as it is now. `before` holds the former values of what changed."""
        data: Body = {"object": public(subject)}
        if before is not None:
            data["previous_attributes"] = before
        event: Body = {
            "id": self.new_id("event"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": int(self.store.setting("stripe:webhook_endpoints") or 0),
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": type_,
        }
        self.save("event", event, type_)
        self.deliver(event["id"])
        return event

    def effect(self, kind: str, subject: str, detail: Body) -> None:
        """Tell the oracle of something that really happened."""
        at = datetime.fromtimestamp(self.now, UTC).isoformat()
        self.store.record_effect(f"stripe.{kind}", subject, at, {**detail, "livemode": self.livemode})


def about(metadata: Body | None, id_: str) -> str:
    """What an effect is counted under: the invoice when the metadata name one, else the object."""
    metadata = metadata or {}
    return str(metadata.get("invoice_id") or metadata.get("invoice_number") or id_)


def merged_metadata(old: Body, given: Body | None) -> Body:
    """An update merges; an empty value takes the key away; an empty hash (None) takes all away."""
    if given is None:
        return {}
    return {name: value for name, value in {**old, **given}.items() if value != ""}
