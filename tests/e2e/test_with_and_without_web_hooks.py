"""At the wire: web hooks make it faster and change nothing. Whatever becomes of them, the ledger ends the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from digest import describe
from portals import served_in_a_thread
from sqlalchemy import text
from studios import studio_at_the_wire
from web_hook_deliveries import SECRET
from wire import Wire

from billing.adapters.stripe_gateway.event_feed import KINDS
from billing.bootstrap import pin_account
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.domain.effects import EffectKind
from billing.portal.app import build_portal
from billing.portal.web_hooks import StripeWebHook
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.intake.apply_events import apply_events
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.invoicing.issue_invoices import bill_due_sessions

PATIENCE_SECONDS = 30
Ending = dict[str, Any]


@contextmanager
def no_endpoint(_wire: Wire) -> Iterator[None]:
    """Web hooks are switched off for ever."""
    yield


@contextmanager
def an_endpoint(wire: Wire) -> Iterator[None]:
    """Stripe tells our endpoint, from now on and until the end of the block."""
    endpoint = StripeWebHook(wire.ctx.ledger, wire.sandbox.clock, [SECRET])
    with served_in_a_thread(build_portal(endpoint, ["127.0.0.1"])) as port:
        told = {"url": f"http://127.0.0.1:{port}/hooks/stripe", "secret": SECRET}
        httpx.post(f"{wire.sandbox.url}/stripe/admin/webhook_endpoint", json=told).raise_for_status()
        yield


@contextmanager
def an_endpoint_with(wire: Wire, *faults: dict[str, Any]) -> Iterator[None]:
    for fault in faults:
        httpx.post(f"{wire.sandbox.url}/stripe/admin/faults", json=fault).raise_for_status()
    with an_endpoint(wire):
        yield


def bill(wire: Wire) -> None:
    """Everybody has got an invoice with a link, and what is on autopay is charged; nobody asks for events."""
    pin_account(wire.ctx)
    with closing(World(wire.sandbox.url)) as world:
        save_cards(wire.ctx, world, wire.plan)
    for step in (observe_jobs, fetch_session_records, bill_due_sessions):
        step(wire.ctx)  # type: ignore[operator]
    for kind in (EffectKind.PAY_LINK, EffectKind.CHARGE, EffectKind.PAY_LINK):
        run_effects(wire.ctx, HANDLERS[kind], kind)
    render_invoices(wire.ctx)
    wire.mails(wire.ctx)


def pay_and_give_back(wire: Wire) -> None:
    """Everybody with a link pays, and the studio gives one of them a part back in Stripe's own dashboard."""
    links = rows(wire, "select link_id from pay_links order by link_id")
    with closing(World(wire.sandbox.url)) as world:
        assert [world.pay(link, "4242424242424242") for (link,) in links].count("succeeded") >= 2
    paid = [intent for intent in wire.sandbox.store.newest("stripe.payment_intent") if intent["amount_received"] > 0]
    refund = {"payment_intent": paid[0]["id"], "amount": 100}
    httpx.post(f"{wire.sandbox.url}/stripe/admin/refunds", json=refund).raise_for_status()


def end(folder: Path, endpoint: Callable[[Wire], Any]) -> Ending:
    with studio_at_the_wire(folder, concurrency="1") as (wire, _settings), endpoint(wire):
        bill(wire)
        pay_and_give_back(wire)
        wire.converge()
        return ending(wire)


def ending(wire: Wire) -> Ending:
    """What the ledger says, but for the instants in what people asked for, and how far polling has read."""
    facts = describe(wire.ctx.ledger.engine)
    facts["commands"] = [[row[0], *row[2:]] for row in facts["commands"]]
    return facts | {"cursor": rows(wire, "select value from cursors where name = 'stripe:events'")}


def happened(wire: Wire) -> list[str]:
    """Events of the kinds that the application uses, oldest first."""
    return [event["id"] for event in wire.sandbox.store.newest("stripe.event")[::-1] if event["type"] in KINDS]


def rows(wire: Wire, query: str) -> list[Any]:
    with wire.ctx.ledger.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture(scope="module")
def polled_alone(tmp_path_factory: pytest.TempPathFactory) -> Ending:
    found = end(tmp_path_factory.mktemp("polled"), no_endpoint)
    assert len(found["payments"]) >= 3
    assert found["provider_events"]
    return found


WEB_HOOKS: dict[str, list[dict[str, Any]]] = {
    "the first ones lost": [{"kind": "webhook_lost", "times": 9}],
    "in disorder and twice": [{"kind": "webhook_reordered", "times": 4}, {"kind": "webhook_doubled", "times": 99}],
}


@pytest.mark.parametrize("faults", WEB_HOOKS.values(), ids=WEB_HOOKS.keys())
def test_whatever_becomes_of_web_hooks_the_ledger_ends_as_without_them(
    tmp_path: Path, polled_alone: Ending, faults: list[dict[str, Any]]
) -> None:
    told = end(tmp_path, lambda wire: an_endpoint_with(wire, *faults))

    for name, facts in polled_alone.items():
        assert told[name] == facts, name


def test_what_web_hooks_bring_is_booked_before_anybody_polls_and_polling_changes_nothing(
    tmp_path: Path, polled_alone: Ending
) -> None:
    with studio_at_the_wire(tmp_path, concurrency="1") as (wire, _settings), an_endpoint(wire):
        bill(wire)
        pay_and_give_back(wire)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(rows(wire, "select 1 from provider_events")) < len(happened(wire)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sorted(one for (one,) in rows(wire, "select event_id from provider_events")) == sorted(happened(wire))
        assert rows(wire, "select value from cursors where name = 'stripe:events'") == []

        apply_events(wire.ctx)

        assert len(rows(wire, "select 1 from payments")) == len(polled_alone["payments"])
        wire.converge()
        for name, facts in polled_alone.items():
            assert ending(wire)[name] == facts, name
