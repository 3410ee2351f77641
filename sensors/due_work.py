"""Looks into the ledger for what is due."""

import time

import dagster as dg

from billing.domain.errors import BillingError, PermanentError
from billing.services.automations.owner_digest import plan_owner_digest
from billing.services.context import Context
from billing.services.safety.holds import held_in_short
from billing.services.safety.outages import show_outage
from pipelines.jobs import apply_stripe_events, bill_completed_sessions, follow_up_unpaid, refresh_warehouse
from pipelines.resources import standing
from sensors.failures import end_mended_failures, tell_of_new_failures
from sensors.heartbeats import beat_and_watch
from sensors.launching import Memory, answer
from sensors.lost_runs import end_lost_runs
from sensors.run_reasons import look_for_due_work, look_for_new_figures


def refuse_another_account(ctx: Context) -> None:
    """Nothing is started for a ledger of another account: PermanentError, and a person is told of it."""
    try:
        standing.ours()
    except PermanentError as error:
        show_outage(ctx, "Stripe", error)
        raise


@dg.sensor(
    jobs=[bill_completed_sessions, apply_stripe_events, follow_up_unpaid, refresh_warehouse],
    # As often as Dagster looks at all, which is every 5 s: any interval of its own would not pass for hours after the
    # machine's clock was set back, and this is the sensor that notices it.
    minimum_interval_seconds=0,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks into the ledger: decisions, mails, charges and galleries that are due, events that the web-hook"
    " endpoint took, reminders of the day, and figures that are out of date.",
)
def due_work(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    memory = Memory.read(context.cursor)
    end_lost_runs(context.instance)
    try:
        ctx = standing.ctx()
        memory.alerted_until = tell_of_new_failures(ctx, context.instance, memory.alerted_until)
        end_mended_failures(ctx, context.instance)
        beat_and_watch(ctx, context.instance, memory, context.sensor_name)
        plan_owner_digest(ctx)
        refuse_another_account(ctx)
        reasons = look_for_due_work(ctx)
        figures = look_for_new_figures(ctx, context.instance, time.time(), standing.published_path())
        held = held_in_short(ctx)
    except BillingError as error:
        return dg.SensorResult(skip_reason=dg.SkipReason(error.sentence), cursor=memory.text())
    return answer(context, memory, [*reasons, figures] if figures else reasons, "Nothing is due", held=held)
