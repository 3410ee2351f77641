"""From reasons to requests for runs: one run of a job at a time, patience with work that stays, outages in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta

import dagster as dg

from billing.domain.errors import BillingError, PermanentError
from billing.services.context import Context
from billing.services.safety.holds import held_in_short
from billing.services.safety.outages import end_outage, show_outage
from billing.services.safety.watchdog import beat
from sensors.patience import Patience, is_within
from sensors.run_reasons import RunReason

SHOWN_AFTER_FAILURES = 3  # a hiccup is nobody's business; three looks in a row are
_REPORT_EVERY_SECONDS = 3600
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass
class Memory:
    """What a sensor remembers between ticks; its cursor as text."""

    patience: dict[str, Patience] = field(default_factory=dict)
    failures: int = 0
    reported_at: float = 0.0
    alerted_until: float = 0.0
    back_since: float = 0.0  # when the pipeline came back from a standstill

    @classmethod
    def read(cls, cursor: str | None) -> Memory:
        """A cursor that cannot be read is forgotten: at worst a job is started once more, which is safe."""
        try:
            kept = json.loads(cursor or "{}")
            patience = {name: Patience(**values) for name, values in kept.pop("patience", {}).items()}
            return cls(patience, **kept)
        except (ValueError, TypeError, AttributeError):
            return cls()

    def text(self) -> str:
        return json.dumps(asdict(self))


def answer(
    context: dg.SensorEvaluationContext,
    memory: Memory,
    reasons: Sequence[RunReason],
    quiet: str,
    events: Sequence[dg.AssetMaterialization] = (),
    held: str | None = None,
) -> dg.SensorResult:
    """The runs to start now; when none, the reason in words, and first of all that nothing may go out."""
    requests: list[dg.RunRequest] = []
    waits: list[str] = []
    for reason in reasons:
        if reason.job in {request.job_name for request in requests} or _is_busy(context.instance, reason.job):
            waits.append(f"{reason.why}; {reason.job} is at work")
            continue
        started = memory.patience.get(reason.name, Patience()).start(reason.work, time.time())
        if started is None:
            waits.append(f"{reason.why}; tried before, tried again later")
            continue
        memory.patience[reason.name] = started
        requests.append(_request(reason))
    said = ". ".join(waits) or quiet
    skip = None if requests else dg.SkipReason(f"{held} {said}" if held else said)
    return dg.SensorResult(run_requests=requests, skip_reason=skip, cursor=memory.text(), asset_events=list(events))


def look_outside(
    context: dg.SensorEvaluationContext,
    system: str,
    asset: str,
    open_context: Callable[[], Context],
    look: Callable[[Context], RunReason | None],
    every: timedelta,
) -> dg.SensorResult:
    """Look at an outside system. One that does not answer is a sentence here and, if it lasts, an item for a person."""
    memory = Memory.read(context.cursor)
    ctx: Context | None = None
    try:
        ctx = open_context()
        reason = look(ctx)
        end_outage(ctx, system)
        held = held_in_short(ctx)
    except BillingError as error:
        memory.failures += 1
        if ctx and (isinstance(error, PermanentError) or memory.failures >= SHOWN_AFTER_FAILURES):
            with suppress(BillingError):  # the clock itself may be what does not answer
                show_outage(ctx, system, error)
        return dg.SensorResult(skip_reason=dg.SkipReason(error.sentence), cursor=memory.text())
    memory.failures = 0
    beat(ctx, context.sensor_name, every)
    events = [] if reason else _quiet_look(memory, asset)
    return answer(context, memory, [reason] if reason else [], f"{system} was asked; nothing waits", events, held)


def _quiet_look(memory: Memory, asset: str) -> list[dg.AssetMaterialization]:
    """Once an hour a look that found nothing is told: the asset is fresh, although no run was needed."""
    if is_within(memory.reported_at, _REPORT_EVERY_SECONDS, time.time()):
        return []
    memory.reported_at = time.time()
    return [dg.AssetMaterialization(asset, description="Looked; nothing was waiting.")]


def _is_busy(instance: dg.DagsterInstance, job: str) -> bool:
    return instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=_UNFINISHED)) > 0


def _request(reason: RunReason) -> dg.RunRequest:
    selection = [dg.AssetKey(name) for name in reason.assets] if reason.assets else None
    tags = {"studio/why": reason.why, **reason.tags}
    return dg.RunRequest(job_name=reason.job, tags=tags, asset_selection=selection)
