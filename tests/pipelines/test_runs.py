"""Whole runs against the sandbox, which counts what really happened."""

from __future__ import annotations

import re
from datetime import timedelta

import dagster as dg
import pytest
from acting_studio import Studio
from samples import rows

from billing.bootstrap import open_context
from billing.cli.demo.clients import PayPlan, pay_what_is_due, save_cards
from billing.cli.demo.world import World
from billing.services.safety.alert_owner import alert_run_failed
from billing.services.safety.troubles import Cause, Trouble
from pipelines.demo import Rounds
from sensors.failures import troubles_of_run
from sensors.run_reasons import look_for_due_work

pytestmark = pytest.mark.dagster


def test_materializing_everything_again_does_nothing_outside(studio: Studio) -> None:
    rounds, world, pays = Rounds(studio.instance), World(studio.sandbox.url), PayPlan(studio.plan)
    with open_context() as ctx:
        save_cards(ctx, world, studio.plan)
    studio.complete_all()

    first = rounds.round()
    paid = pay_what_is_due(world, pays)
    studio.turn_clock(timedelta(minutes=10))  # a greylisted mail is tried again, now rather than in the test
    second, figures = rounds.round(), rounds.refresh()

    assert (first.trouble, second.trouble, figures.trouble) == ([], [], [])
    assert first.jobs["bill_completed_sessions"]
    assert second.jobs["apply_stripe_events"]
    happened, intended = studio.happened_outside(), studio.intended()
    assert happened["stripe.charge_succeeded"] > paid > 0
    assert happened["vsco.payment_written_back"] == happened["stripe.charge_succeeded"]
    assert happened["mail.accepted"] > happened["stripe.payment_link_created"]

    again = studio.materialize_everything()

    assert troubles_of_run(studio.instance, again.run_id) == []
    assert again.success
    assert studio.happened_outside() == happened
    assert studio.intended() == intended


def test_an_invoice_that_does_not_add_up_stops_all_that_would_follow(studio: Studio) -> None:
    broken_books(studio)

    result = studio.run("bill_completed_sessions")

    assert not result.success
    failed = {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}
    assert "invoice_totals_match_lines" in failed
    done = {event.step_key for event in result.get_step_success_events()}
    assert "invoices" in done
    assert done.isdisjoint({"deliveries", "charges", "payments", "receipts", "gallery_grants"})
    assert "mail.accepted" not in studio.happened_outside()


def broken_books(studio: Studio) -> None:
    studio.complete_all()
    studio.run("bill_completed_sessions", "completed_sessions", "session_records", "invoices")
    studio.query(
        "drop trigger invoice_lines_refuses_update",
        "update invoice_lines set amount_minor = amount_minor + 1 where position = 1",
    )


def test_an_invoice_that_does_not_add_up_stops_the_run_that_due_work_starts_after_it(studio: Studio) -> None:
    with open_context() as ctx:
        save_cards(ctx, World(studio.sandbox.url), studio.plan)
    broken_books(studio)
    assert not studio.run("bill_completed_sessions").success
    with open_context() as ctx:
        [reason] = [one for one in look_for_due_work(ctx) if one.name == "due"]

    result = studio.run(reason.job, *(reason.assets or ()))

    assert not result.success
    happened = studio.happened_outside()
    assert "mail.accepted" not in happened
    assert "stripe.charge_succeeded" not in happened
    assert ("books", "books_broken") in studio.attention()


def test_what_stopped_a_round_is_told_in_the_words_of_the_program(studio: Studio) -> None:
    broken_books(studio)

    told = Rounds(studio.instance).round().trouble

    assert told
    assert all(re.match(r"[a-z_]+: [a-z_]+: [A-Za-z ]", sentence) for sentence in told)


@pytest.mark.parametrize("asset", rows(["deliveries", "charges", "receipts", "follow_ups"]))
def test_no_asset_acts_alone_from_books_that_do_not_add_up_and_it_goes_on_when_they_do(
    studio: Studio, asset: str
) -> None:
    broken_books(studio)

    stopped = studio.materialize(asset)

    assert not stopped.success
    [trouble] = troubles_of_run(studio.instance, stopped.run_id)
    assert trouble.cause is Cause.BOOKS
    assert "Not true:" in trouble.technical
    assert "mail.accepted" not in studio.happened_outside()

    studio.query("update invoice_lines set amount_minor = amount_minor - 1 where position = 1")
    assert studio.materialize(asset).success
    assert ("books", "books_broken") not in studio.attention()


def test_the_owner_is_told_of_books_that_do_not_add_up(studio: Studio) -> None:
    broken_books(studio)
    with open_context() as ctx:
        alert_run_failed(ctx, "bill_completed_sessions", "run", [Trouble(Cause.BOOKS, "The books.")])

    studio.materialize("deliveries")

    assert studio.happened_outside()["mail.accepted"] == 1


def test_what_an_asset_says_names_amounts_and_nobody(studio: Studio) -> None:
    studio.complete_all()

    result = studio.run("bill_completed_sessions")

    said = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    finalized = said["invoices"]["Invoices finalized"].value
    assert isinstance(finalized, int)
    assert finalized > 6
    assert "EUR" in str(said["invoices"]["Amount due"].value)
    assert "INV-" in str(said["invoices"]["Invoices"].value)
    assert "invoice" in str(said["deliveries"]["Mails by purpose"].value)
    everything = str({name: {key: value.value for key, value in told.items()} for name, told in said.items()})
    for client in studio.plan.clients:
        assert client.name not in everything
        assert not client.email or client.email not in everything
    run = studio.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["studio/invoice"].startswith("INV-")
    assert run.tags[dg.MAX_RUNTIME_SECONDS_TAG] == "900"
