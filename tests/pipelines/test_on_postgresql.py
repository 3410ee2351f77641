"""The whole way on PostgreSQL, through Dagster: nothing but BILLING_LEDGER_URL is different."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from acting_studio import Studio
from own_postgres import fresh_database, postgres_server

from billing.adapters.ledger.checks import run_checks
from billing.bootstrap import SQL, open_context
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.sandbox.oracle import oracle
from billing.sandbox.seed.plan import GOOD_CARD

pytestmark = pytest.mark.dagster


@pytest.fixture
def on_postgresql(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """The studio before its first start: the database is empty, and the pipeline makes its own tables."""
    with postgres_server() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed here: the whole way on PostgreSQL is NOT tested")
        with fresh_database(server) as url:
            monkeypatch.setenv("BILLING_LEDGER_URL", url)
            yield studio


def pay_all(world: World) -> int:
    with open_context() as ctx, ctx.ledger.read() as uow:
        links = [uow.pay_links.newest_open(row.invoice.invoice_id) for row in uow.invoices.unpaid()]
    return sum(world.pay(link.link_id, GOOD_CARD) == "succeeded" for link in links if link)


def test_sessions_are_billed_charged_paid_opened_and_published_on_postgresql(on_postgresql: Studio) -> None:
    studio = on_postgresql
    with closing(World(studio.sandbox.url)) as world:
        with open_context() as ctx:
            assert save_cards(ctx, world, studio.plan) > 0
        studio.complete_all()
        jobs = ["bill_completed_sessions", "apply_stripe_events", "bill_completed_sessions", "refresh_warehouse"]
        ended = [studio.run(jobs[0]).success]
        paid = pay_all(world)
        for job in jobs[1:]:
            studio.sandbox.clock.advance(timedelta(hours=1))
            ended.append(studio.run(job).success)

    assert ended == [True] * 4
    truth = oracle(studio.sandbox.store)
    assert truth["charges"]["succeeded"] > paid > 0
    assert truth["charges"]["subjects_charged_more_than_once"] == []
    assert truth["write_backs"]["payments"] == truth["charges"]["succeeded"]
    assert truth["grants"]["opened"] > 0
    with open_context() as ctx:
        assert ctx.ledger.engine.dialect.name == "postgresql"
        assert [check.name for check in run_checks(ctx.ledger.engine, SQL, now=ctx.now()) if not check.holds] == []
        with ctx.ledger.read() as uow:
            assert uow.journal.broken_links() == []
    before, intended = studio.happened_outside(), studio.intended()
    assert studio.run("bill_completed_sessions").success
    assert (studio.happened_outside(), studio.intended()) == (before, intended)
