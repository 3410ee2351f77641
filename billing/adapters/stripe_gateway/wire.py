"""The line to Stripe: one client for an account and its key, and lists page after page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from billing.adapters.stripe_gateway.fields import Shapeless

if TYPE_CHECKING:
    import stripe
    from stripe._v1_services import V1Services

    from billing.adapters.stripe_gateway.paced_client import Pace

PAGE = 100
_CONNECT_SECONDS = 5


class StripeLine:
    """One account, one key. Safe to use from many threads: they share one pool of connections."""

    def __init__(
        self,
        api_key: str,
        *,
        api_base: str | None = None,
        timeout_seconds: float = 20,
        statement_suffix: str | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`api_base` points elsewhere than api.stripe.com; `statement_suffix` ends the line on a card statement.

        `pace` says when each request may go.
        """
        self._api_key = api_key
        self._api_base = api_base
        self._timeout_seconds = timeout_seconds
        self._statement_suffix = statement_suffix
        self._pace = pace

    @cached_property
    def _v1(self) -> V1Services:
        import httpx
        import stripe

        from billing.adapters.stripe_gateway.paced_client import PacedClient

        timeout = httpx.Timeout(self._timeout_seconds, connect=min(_CONNECT_SECONDS, self._timeout_seconds))
        client = stripe.StripeClient(
            self._api_key,
            base_addresses={"api": self._api_base} if self._api_base else {},
            max_network_retries=0,
            http_client=PacedClient(timeout, self._pace),
        )
        return client.v1


def plain(answer: object) -> dict[str, Any]:
    """The answer as Stripe sent it, without the SDK's classes around it."""
    import stripe

    if not isinstance(answer, stripe.StripeObject):
        raise Shapeless("is no object")
    return answer.to_dict()


def dicts(page: stripe.ListObject[Any]) -> Iterator[dict[str, Any]]:
    """Everything from this page on."""
    import stripe

    if not isinstance(page, stripe.ListObject):
        # Asked for its pages, an object that is no list would ask Stripe's own host with the SDK's global key.
        raise Shapeless("is no list")
    return (item.to_dict(for_json=True) for item in page.auto_paging_iter())


def nth_key(key: str, turn: int) -> str:
    """The idempotency key of the n-th turn under one effect's key."""
    return key if turn == 1 else f"{key}:{turn}"
