"""Stripe's refusals and the line's failures, told apart by what they mean: no, later, or nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from billing.domain.errors import BillingError, PermanentError, TemporaryError, UnknownOutcomeError

if TYPE_CHECKING:
    import stripe

# An answer that is no answer of Stripe's shows itself in one of these while it is read.
_MALFORMED = (AttributeError, KeyError, IndexError, TypeError, ValueError)
_KEY = re.compile(r"\b[rs]k_(?:live|test)_\w+")


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
    except _MALFORMED as error:
        raise _unclear(f"its answer could not be read ({type(error).__name__})", acts=acts) from error


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


def _where(error: stripe.StripeError) -> str:
    return f" (request {error.request_id})" if error.request_id else ""


def _said(error: stripe.StripeError) -> str:
    """Stripe's own words, without any key that they quote."""
    return _KEY.sub("[key]", error.user_message or "no reason given.")


def _retry_after(error: stripe.StripeError) -> int | None:
    from billing.adapters.stripe_gateway.paced_client import seconds_asked_for

    return seconds_asked_for(error.headers or {})
