"""The sandbox counts what comes in, second by second, and refuses what is beyond the limit that it was given."""

from __future__ import annotations

import pytest
import stripe
from stripe_sandbox import Sandbox, refused

from billing.sandbox.stripe.traffic import Traffic


def test_beyond_the_limit_it_answers_429_and_has_done_nothing(sandbox: Sandbox) -> None:
    sandbox.admin("rate_limit", per_second=2)
    customers = [sandbox.v1.customers.create({"name": name}).id for name in ("Ada", "Bo")]

    with pytest.raises(stripe.RateLimitError) as error:
        sandbox.sdk().v1.customers.create({"name": "Cy"}, {"max_network_retries": 0})

    assert refused(error)[:2] == (429, "rate_limit")
    counted = sandbox.http.get("/admin/traffic").json()
    assert counted["requests"] >= 3
    assert counted["most_in_a_second"] == counted["requests"]
    assert counted["refused"] >= 1
    assert [each["id"] for each in sandbox.store.newest("stripe.customer")] == customers[::-1]


def test_without_a_limit_nothing_is_refused(sandbox: Sandbox) -> None:
    sandbox.admin("rate_limit", per_second=None)

    for _ in range(5):
        sandbox.v1.customers.list()

    assert sandbox.http.get("/admin/traffic").json()["refused"] == 0


def test_the_fullest_second_may_begin_anywhere() -> None:
    moments = iter([0.0, 0.9, 1.1, 1.2, 1.85, 3.0])
    traffic = Traffic(lambda: next(moments))
    traffic.limit(None)

    for _ in range(6):
        traffic.admit()

    assert traffic.counted() == {"requests": 6, "seconds": 3.0, "most_in_a_second": 4, "refused": 0}


def test_nothing_is_counted_until_somebody_asks() -> None:
    traffic = Traffic(lambda: 0.0)

    assert traffic.admit()
    assert traffic.counted()["requests"] == traffic.counted()["most_in_a_second"] == 0
