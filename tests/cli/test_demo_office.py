"""What the photographer does in the demo about money that goes back: each once, when it is time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from billed_studio import Studio

from billing.adapters.ledger.overview import Overview
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.bootstrap import open_context
from billing.cli.demo.clients import PayPlan
from billing.cli.demo.office import DEEDS, Desk
from billing.cli.demo.place import settings_of
from billing.cli.demo.world import STRIPE_KEY, World
from billing.domain.events import Command
from billing.sandbox.seed.money_back import DISPUTED_CARD, STORIES
from billing.sandbox.server import running_sandbox
from billing.services.commands.carry_out import carry_out_commands

NOW = datetime.now(UTC)
DAY = NOW.date().isoformat()


@pytest.fixture
def desk(studio: Studio, tmp_path: Path) -> Iterator[Desk]:
    """Over a copy of a ledger in which the clients of all stories owe their invoices, written to today."""
    for suffix in ("", "-wal"):
        source = studio.automatic.with_name(studio.automatic.name + suffix)
        if source.exists():
            shutil.copy(source, tmp_path / source.name)
    pays = PayPlan(studio.plan)
    pays.written = {studio.plan.difficult(story).contact_id: NOW for story in STORIES}
    with closing(SqlLedger(f"sqlite:///{tmp_path / studio.automatic.name}")) as ledger:
        yield Desk(ledger, pays)


def _asked(desk: Desk) -> dict[str, Command]:
    with desk.ledger.read() as uow:
        return {command.name: command for command in uow.commands.waiting()}


def test_each_story_comes_after_its_days_and_is_asked_for_once(desk: Desk) -> None:
    assert desk.see_to_it(NOW + timedelta(days=2), DAY) == []
    third = desk.see_to_it(NOW + timedelta(days=3), DAY)
    assert desk.see_to_it(NOW + timedelta(days=3), DAY) == []
    desk.see_to_it(NOW + timedelta(days=9), DAY)

    assert len(third) == 2
    assert any("rain cut the session short" in said for said in third)
    assert set(_asked(desk)) == {"credit", "void", "record_payment"}  # nothing that is not paid is given back


def test_what_was_done_is_not_asked_for_again_by_the_next_demo(desk: Desk, studio: Studio) -> None:
    desk.see_to_it(NOW + timedelta(days=9), DAY)
    here = studio.environment | {"BILLING_LEDGER_URL": str(desk.ledger.engine.url)}
    with settings_of(here) as settings, open_context(settings) as ctx:
        outcomes = {command.name: said for command, said in carry_out_commands(ctx)}

    assert "asks for" in outcomes["credit"]
    assert "is void" in outcomes["void"]
    assert len(outcomes) == 3
    assert desk.see_to_it(NOW + timedelta(days=99), DAY) == []
    assert _asked(desk) == {}
    told = [code for _, code in Overview(desk.ledger.engine).attention_codes()]
    assert "client_credit" not in told  # nothing had been paid on what was void


def test_a_shorter_day_of_the_clients_brings_it_sooner(desk: Desk) -> None:
    hasty = replace(desk, pays=replace(desk.pays, day=timedelta(seconds=8)))

    assert hasty.see_to_it(NOW + timedelta(seconds=30), DAY)


def test_a_client_whose_bank_takes_the_money_back_types_that_card(studio: Studio) -> None:
    client = studio.plan.client_of(studio.plan.difficult("disputed"))
    pays = PayPlan(studio.plan)

    pays.read([{"id": 1, "envelope_to": [client.email], "received_at": NOW.isoformat(), "links": ["plink_1"]}])

    assert pays.due["plink_1"].card == DISPUTED_CARD


def test_every_deed_has_its_session(studio: Studio) -> None:
    assert set(DEEDS) <= set(STORIES)
    assert {studio.plan.difficult(story).completes_on is not None for story in STORIES} == {True}


def test_who_pays_in_another_currency_pays_about_as_much_for_the_same_invoice(tmp_path: Path) -> None:
    price = {"[currency]": "eur", "[unit_amount]": "50000", "[product_data][name]": "Wedding day"}
    line = {f"line_items[0][price_data]{name}": value for name, value in price.items()}
    named = {"metadata[invoice_id]": "inv_1", "metadata[effect_key]": "pay_link:inv_1"}
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        at_stripe = {"base_url": f"{sandbox.url}/stripe/v1", "headers": {"authorization": f"Bearer {STRIPE_KEY}"}}
        with httpx.Client(**at_stripe) as stripe, closing(World(sandbox.url)) as world:
            asked = stripe.post("/payment_links", data={**line, "line_items[0][quantity]": "1", **named})
            assert world.pay_in(asked.json()["id"], "USD") == "succeeded"
            [paid] = stripe.get("/payment_intents").json()["data"]

    assert (paid["amount"], paid["currency"], paid["metadata"]) == (54_000, "usd", {"invoice_id": "inv_1"})
