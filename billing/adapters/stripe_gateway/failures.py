"""Stripe's refusals and the line's failures, told apart by what they mean: no, later, or nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from billing.adapters.stripe_gateway.fields import Malformed, Shapeless
from billing.domain.errors import BillingError, PermanentError, TemporaryError, UnknownOutcomeError, UnreadableError

if TYPE_CHECKING:
    import stripe

# What the SDK itself stumbles with over an answer that is none.
_IN_THE_SDK = (AttributeError, LookupError, TypeError, ValueError, OverflowError)
_KEY = re.compile(r"\b[rs]k_(?:live|test)_\w+")

# The request that this thread has made last, in words: "GET /v1/refunds (request req_…)".
_last_request: ContextVar[tuple[str, str]] = ContextVar("last_request", default=("Stripe", ""))


def note_request(verb: str, path: str, request_id: str | None) -> None:
    """Keep what was asked last, so that an answer which cannot be read is told of by its request."""
    _last_request.set((f"{verb} {path}", f" (request {request_id})" if request_id else ""))


def said_of_answer(error: Malformed) -> str:
    """As a sentence without its full stop: "Stripe's answer to GET /v1/refunds/re_1 lacks `charge` (request req_1)"."""
    return f"Stripe's {_of_answer(str(error))}"


def _of_answer(what: str) -> str:
    asked, where = _last_request.get()
    return f"answer to {asked} {what}{where}"


@contextmanager
def asking() -> Iterator[None]:
    """Around a call that only reads: whatever fails on the line may be asked again."""
    with _translating(acts=False):
        yield


@contextmanager
def acting() -> Iterator[None]:
    """Around a call that changes something: a failure after it was sent leaves its outcome unknown."""
    with _translating(acts=True):
        yield


@contextmanager
def _translating(*, acts: bool) -> Iterator[None]:
    import stripe

    try:
        yield
    except stripe.StripeError as error:
        raise _answered(error) or _lost(error, acts=acts) from error
    except Malformed as error:
        raise _unreadable(error, acts=acts) from error
    except Shapeless as error:
        raise _unclear(f"its {_of_answer(str(error))}", acts=acts) from error
    except _IN_THE_SDK as error:
        raise _unclear(f"its {_of_answer(f'cannot be read ({type(error).__name__})')}", acts=acts) from error


def _answered(error: stripe.StripeError) -> BillingError | None:
    """The errors by which Stripe itself says that it has done nothing."""
    import stripe

    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return PermanentError(
            "stripe_unauthorized",
            f"Stripe does not let this API key do that{_where(error)}; check the key and its permissions.",
        )
    if isinstance(error, stripe.RateLimitError):
        return TemporaryError(
            "stripe_rate_limited", f"Stripe asks us to slow down{_where(error)}.", _retry_after(error)
        )
    if error.http_status == 409:
        return TemporaryError(
            "stripe_busy", f"Stripe is still at work on the same request{_where(error)}.", _retry_after(error)
        )
    if isinstance(error, stripe.InvalidRequestError | stripe.CardError):
        param = f" the parameter {error.param}" if error.param else " the request"
        code = f" ({error.code})" if error.code else ""
        return PermanentError("stripe_refused", f"Stripe refused{param}{code}{_where(error)}: {_said(error)}")
    return None


def _lost(error: stripe.StripeError, *, acts: bool) -> BillingError:
    """The errors after which only a look at the object tells what happened, except those of a line never opened."""
    import httpx
    import stripe

    never_sent = httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
    if isinstance(error, stripe.APIConnectionError):
        if isinstance(error.__cause__, never_sent):
            return TemporaryError("stripe_unreachable", "Stripe could not be reached; nothing was sent.")
        return _unclear(f"the line failed ({type(error.__cause__).__name__})", acts=acts)
    if isinstance(error, stripe.IdempotencyError):
        # The key was used before with other parameters: that earlier request may well have had its effect.
        return _unclear(f"the key was used before for another request{_where(error)}", acts=acts)
    return _unclear(f"it answered with status {error.http_status}{_where(error)}", acts=acts)


def _unclear(why: str, *, acts: bool) -> BillingError:
    if acts:
        return UnknownOutcomeError(
            "stripe_unknown", f"Stripe may or may not have done it: {why}; ask before trying again."
        )
    return TemporaryError("stripe_unavailable", f"Stripe gave no usable answer: {why}.")


def _unreadable(error: Malformed, *, acts: bool) -> UnreadableError:
    said = said_of_answer(error)
    if acts:
        return UnreadableError("stripe_unknown", f"{said}: it may or may not have been done; ask before trying again.")
    return UnreadableError("stripe_unreadable", f"{said}; look at it in Stripe's dashboard.")


def _where(error: stripe.StripeError) -> str:
    return f" (request {error.request_id})" if error.request_id else ""


def _said(error: stripe.StripeError) -> str:
    """Stripe's own words, without any key that they quote."""
    return _KEY.sub("[key]", error.user_message or "no reason given.")


def _retry_after(error: stripe.StripeError) -> int | None:
    from billing.adapters.stripe_gateway.paced_client import seconds_asked_for

    return seconds_asked_for(error.headers or {})
