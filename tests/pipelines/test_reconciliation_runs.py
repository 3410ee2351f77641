"""The job `reconcile` as Dagster runs it: what differs is a failed check with a table, and nobody's name."""

from __future__ import annotations

import dagster as dg
import pytest
from acting_studio import Studio

from billing.bootstrap import open_context
from billing.cli.demo.clients import PayPlan, pay_what_is_due
from billing.cli.demo.world import World
from pipelines.definitions import definitions

pytestmark = pytest.mark.dagster

CHECKS = {"books_agree_with_stripe", "books_agree_with_vsco", "galleries_follow_the_policy"}


def failed(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckSeverity]:
    return {one.check_name: one.severity for one in result.get_asset_check_evaluations() if not one.passed}


def test_a_night_is_clean_and_a_tampered_one_says_what_differs(studio: Studio) -> None:
    studio.complete_all()
    studio.run("bill_completed_sessions")
    assert pay_what_is_due(World(studio.sandbox.url), PayPlan(studio.plan)) > 0
    studio.run("apply_stripe_events")

    clean = studio.run("reconcile")
    assert clean.success
    assert {one.check_name for one in clean.get_asset_check_evaluations()} == CHECKS
    assert failed(clean) == {}

    tamper(studio)
    result = studio.run("reconcile")

    assert failed(result) == {"books_agree_with_stripe": dg.AssetCheckSeverity.ERROR}
    [made] = result.asset_materializations_for_node("stripe_reconciliation")
    assert "payment missing here" in str(made.metadata["Differences"].value)
    assert made.metadata["Differs by"].value == "12.00 EUR"


def test_an_outside_that_is_down_fails_the_run_and_leaves_what_was_open(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_STRIPE_URL", "http://127.0.0.1:9/stripe")

    result = studio.run("reconcile")

    assert not result.success
    assert failed(result).keys() <= {"books_agree_with_stripe"}
    assert studio.query("select count(*) from reconciliations where scope = 'stripe'")[0][0] == 0


def test_it_runs_every_night_by_itself_before_the_morning() -> None:
    schedule = definitions().resolve_schedule_def("nightly_reconciliation")

    assert schedule.cron_schedule == "30 4 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "reconcile"


def tamper(studio: Studio) -> None:
    """Somebody pays for an invoice that the books do not know."""
    with open_context() as ctx:
        client = ctx.gateway._v1  # the provider's own client, for what no use case does
        method = client.payment_methods.attach("pm_card_visa", {"customer": client.customers.create({"name": "A"}).id})
        client.payment_intents.create(
            {
                "amount": 1200, "currency": "eur", "customer": method.customer, "payment_method": method.id,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "confirm": True, "off_session": True, "metadata": {"invoice_id": "inv_nowhere"},
            }
        )  # fmt: skip
