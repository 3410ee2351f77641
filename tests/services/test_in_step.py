"""Work that follows other work, beside it."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Event

import pytest
from studio import KINDS, Studio

from billing.services.in_step import in_step
from billing.services.invoicing.deliver_invoices import render_invoices


def test_a_follower_begins_before_the_work_before_it_has_ended() -> None:
    made: SimpleQueue[int] = SimpleQueue()
    seen = Event()

    def make() -> str:
        made.put(1)
        assert seen.wait(10), "nobody followed"
        made.put(2)
        return "made"

    taken: list[int] = []

    def take(_is_over: bool) -> int:
        try:
            taken.append(made.get_nowait())
        except Empty:
            return 0
        seen.set()
        return 1

    assert in_step(make, take) == "made"
    assert taken == [1, 2]


def test_each_follower_is_told_when_all_before_it_is_over() -> None:
    told: dict[str, list[bool]] = {"first": [], "second": []}

    in_step(lambda: None, lambda over: told["first"].append(over) or 0, lambda over: told["second"].append(over) or 0)

    assert told["first"][-1] is True
    assert told["second"][-1] is True


def test_what_the_first_raises_is_raised_when_the_others_have_done_what_they_could() -> None:
    waiting = [1, 2, 3]

    def fail() -> None:
        raise LookupError("the source is down")

    with pytest.raises(LookupError, match="the source is down"):
        in_step(fail, lambda _over: 1 if waiting and waiting.pop() else 0)

    assert waiting == []


def test_what_a_follower_raises_is_raised() -> None:
    def fail(_is_over: bool) -> int:
        raise LookupError("no renderer")

    with pytest.raises(LookupError, match="no renderer"):
        in_step(lambda: None, fail)


def test_what_cannot_be_rendered_is_tried_once_while_billing_goes_on(studio: Studio) -> None:
    studio.session("j1")
    studio.session("j2")
    studio.renderer.broken = {"Ada j1", "Ada j2"}
    studio.bill()
    studio.do(*KINDS)
    broken: set[str] = set()

    for _ in range(5):
        render_invoices(studio.ctx, at_least=2, broken=broken)
    render_invoices(studio.ctx, broken=broken)

    assert studio.renderer.line.calls.count("render") == 2
    assert studio.codes() == ["render_failed", "render_failed"]
