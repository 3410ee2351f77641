"""What Stripe sends to us: who signed it, when, and which event it tells of. Imports no SDK and keeps none.

The SDK's own check accepts stamps of the future, lets a tolerance of 0 switch the age off, and raises other errors for
bodies that are signed and are no event (stripe-python 16.1.0); so the header is read here, as Stripe documents it
(docs: webhooks, verify webhook signatures manually).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

from billing.adapters.stripe_gateway.event_feed import KINDS, provider_event
from billing.adapters.stripe_gateway.fields import Malformed, Shapeless
from billing.domain.errors import PermanentError
from billing.domain.payments import ProviderEvent

SECONDS_OFF_AT_MOST = 300
_HEADER_LENGTH_AT_MOST = 2_000
_STAMP = re.compile(r"[0-9]{1,12}")
_WHOLE_AT_MOST = 2**63 - 1  # more is no amount, no instant, and no number of any database
_ID = re.compile(r"[A-Za-z0-9_]{1,255}")


def check_signature(raw: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """`header` is Stripe-Signature as it came, `raw` the body as it came; one of `secrets` must have signed both.

    PermanentError: webhook_signature, webhook_stamp (older, or further ahead, than five minutes). What was sent is in
    no message.
    """
    stamp, signatures = _read(header)
    signed = stamp.encode() + b"." + raw
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets]
    matches = [hmac.compare_digest(one, given) for one in expected for given in signatures]
    if not any(matches):
        raise PermanentError("webhook_signature", "None of our secrets has signed this; look at the endpoint's secret.")
    if abs(int(now.timestamp()) - int(stamp)) > SECONDS_OFF_AT_MOST:
        raise PermanentError(
            "webhook_stamp", f"It was signed more than {SECONDS_OFF_AT_MOST} seconds from now; look at both clocks."
        )


def read_event(raw: bytes) -> ProviderEvent | None:
    """The event in a signed body; None for a kind that is not used here. PermanentError: webhook_malformed."""
    try:
        event = json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
        if not _is_used(event):
            return None
        return _checked(provider_event(event))
    except (Malformed, Shapeless, ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        raise PermanentError("webhook_malformed", "It is signed, but it is no event of Stripe's.") from None


def _read(header: str) -> tuple[str, list[bytes]]:
    pairs = [part.partition("=") for part in header.split(",")] if len(header) <= _HEADER_LENGTH_AT_MOST else []
    stamps = [value for name, _, value in pairs if name.strip() == "t"]
    signatures = [value.encode() for name, _, value in pairs if name.strip() == "v1"]
    if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]) or not signatures:
        raise PermanentError("webhook_signature", "The Stripe-Signature header is missing or cannot be read.")
    return stamps[0], signatures


def _is_used(event: Any) -> bool:
    """TypeError for what is no event at all."""
    if not isinstance(event, dict) or not isinstance(event["type"], str):
        raise TypeError("no event")
    return event["type"] in KINDS


def _checked(event: ProviderEvent) -> ProviderEvent:
    """What goes into columns of the ledger is short and plain; the body is text that any database takes."""
    named = [event.event_id, event.object_id, *(one for one in (event.payment_id, event.account) if one is not None)]
    if not all(isinstance(one, str) and _ID.fullmatch(one) for one in named):
        raise ValueError("an id that is none")
    event.body.encode("utf-8")  # a lone surrogate is valid JSON and no text
    return event


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of ours")


def _finite(text: str) -> float:
    """`1e999` is JSON, and Python reads it as infinite."""
    value = float(text)
    return value if math.isfinite(value) else _refuse(text[:20])


def _whole(text: str) -> int:
    value = int(text)
    return value if abs(value) <= _WHOLE_AT_MOST else _refuse(text[:20])
