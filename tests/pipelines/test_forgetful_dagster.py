"""What Dagster forgets changes nothing: cursors, runs and run keys are no memory of the application."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest
from acting_studio import Studio

from billing.bootstrap import open_context
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from pipelines.definitions import definitions

pytestmark = pytest.mark.dagster


def test_a_sensor_renamed_and_an_instance_wiped_start_runs_again_that_do_nothing(studio: Studio) -> None:
    """A renamed sensor has no cursor and no run keys; a pruned instance knows no run and no materialization."""
    with open_context() as ctx:
        save_cards(ctx, World(studio.sandbox.url), studio.plan)
    studio.complete_all()
    for job in ("bill_completed_sessions", "apply_stripe_events", "bill_completed_sessions"):
        studio.turn_clock(timedelta(hours=1))  # greylisted mails are due again
        assert studio.run(job).success
    assert studio.query("select * from effects where state in ('ready', 'in_flight', 'unknown')") == []
    happened, intended = studio.happened_outside(), studio.intended()
    assert happened["stripe.charge_succeeded"] > 0
    assert happened["mail.accepted"] > 0

    with dg.DagsterInstance.ephemeral() as wiped:
        anew = replace(studio, instance=wiped)
        names = [sensor.name for sensor in definitions().sensors or () if sensor.name != "run_failures"]
        asked = {request.job_name for name in names for request in anew.look(name).run_requests or []}
        ended = [anew.run(job).success for job in sorted({*asked, "bill_completed_sessions", "apply_stripe_events"})]

    assert all(ended)
    assert studio.happened_outside() == happened
    assert [row for row in studio.intended() if row not in intended] == []
