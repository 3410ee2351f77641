"""Comparing while the pipeline works: what changed in between is no difference that a person is told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from studio import Studio, order
from test_money_back import eur, number, take_in
from test_stale_reads import meanwhile

from billing.domain.settlements import DisputeStatus
from billing.services.reconcile import reconcile


def told(studio: Studio, scope: str) -> list[str]:
    return [one.cause for one in reconcile(studio.ctx, scope).differences]


def paid_with_gallery(studio: Studio) -> None:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()


def test_a_gallery_that_opens_while_its_host_is_asked(studio: Studio) -> None:
    paid_with_gallery(studio)

    def other() -> None:
        studio.round()
        studio.round()

    before(studio.host, "is_open", other)

    assert told(studio, "galleries") == []


def test_a_gallery_that_is_closed_while_its_host_is_asked(studio: Studio) -> None:
    paid_with_gallery(studio)
    studio.round()
    studio.round()
    studio.clock.go(minutes=1)

    def other() -> None:
        studio.gateway.refund_elsewhere("pi_1", eur(50_000))
        studio.round()
        studio.round()

    before(studio.host, "is_open", other)

    assert told(studio, "galleries") == []


def test_a_payment_that_is_written_back_after_what_is_there_was_read(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page()
    meanwhile(studio.source, "written_payments", studio.round)

    assert told(studio, "vsco") == []


def test_an_invoice_that_is_void_by_the_time_its_order_is_compared(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.source.put(replace(studio.session("j1", order("o-j1", 70_000))))
    meanwhile(studio.source, "written_payments", lambda: studio.ask("void", number=number(studio)))

    assert told(studio, "vsco") == []


def test_a_dispute_that_ends_after_its_story_was_read(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.gateway.dispute("pi_1")
    studio.round()

    def other() -> None:
        studio.gateway.end_dispute("dp_1", DisputeStatus.WON)
        take_in(studio)

    meanwhile(studio.gateway, "read_story", other)

    assert told(studio, "stripe") == []


def test_a_payout_that_was_made_after_they_were_listed(studio: Studio) -> None:
    studio.session()
    studio.session("j2")
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.gateway.pay_out()
    studio.round()
    studio.clock.go(hours=1)

    def other() -> None:
        studio.pay_on_page("j2")
        studio.round()
        studio.gateway.pay_out()
        studio.round()

    before(studio.gateway, "read_payout", other)

    assert told(studio, "stripe") == []


def test_a_payment_that_came_while_the_movements_were_read_for_long(studio: Studio) -> None:
    studio.session()
    studio.session("j2")
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.clock.go(days=3)
    reconcile(studio.ctx, "stripe")
    real = studio.gateway.movements_since

    def slow(since: Any) -> Iterator[Any]:
        studio.gateway.movements_since = real
        listed = list(real(since))
        studio.pay_on_page("j2")
        take_in(studio)
        studio.clock.go(minutes=6)
        return iter(listed)

    studio.gateway.movements_since = slow

    assert "movement_missing_there" not in told(studio, "stripe")


def before(outside: Any, call: str, other: Callable[[], object]) -> None:
    """Another worker acts just before our next such call."""
    real = getattr(outside, call)

    def slow(*arguments: Any) -> Any:
        setattr(outside, call, real)
        other()
        return real(*arguments)

    setattr(outside, call, slow)
