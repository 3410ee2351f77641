"""What the booking system does not show us: said once for each kind, closed when it shows it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billing.domain.errors import NeedsAttention
from billing.domain.events import PIPELINE
from billing.domain.policy import JobFilter
from billing.services.context import Context

NOT_SHOWN = "not_shown"


def note_not_shown(ctx: Context, asked_for: Iterable[str], refused: Mapping[str, str]) -> None:
    """One open item for each kind in `refused` (kind -> sentence); those of the other kinds asked for are closed.

    Cheap when nothing changes.
    """
    with ctx.ledger.read() as uow:
        items = uow.tasks.open_tasks()
    said = {item.subject_id: item.sentence for item in items if item.code == NOT_SHOWN}
    news = {kind: sentence for kind, sentence in refused.items() if said.get(_subject(ctx, kind)) != sentence}
    over = [kind for kind in asked_for if kind not in refused and _subject(ctx, kind) in said]
    if not news and not over:
        return
    with ctx.ledger.write() as uow:
        for kind in over:
            uow.tasks.resolve(_subject(ctx, kind), NOT_SHOWN, PIPELINE, ctx.now())
        for kind, sentence in news.items():
            uow.tasks.raise_task(_subject(ctx, kind), NOT_SHOWN, sentence, ctx.now())


def check_that_jobs_can_be_told_apart(jobs: JobFilter, kinds: Iterable[str], refused: Mapping[str, str]) -> None:
    """NeedsAttention if the studio says by something that we are not shown which jobs are billed.

    `kinds` are those of which something is known, from earlier if not from now. Left out for that, a session would
    never be billed, and nobody would hear of it.
    """
    needed = {
        "job-type": ("BILLING_JOB_TYPES or BILLING_JOB_TYPES_LEFT_OUT", jobs.job_types or jobs.left_out_job_types),
        "brand": ("BILLING_BRANDS", jobs.brands),
        "custom-field": ("BILLING_JOB_CUSTOM_FIELD", jobs.custom_field),
    }
    for kind in refused:
        setting, is_set = needed.get(kind, ("", None))
        if is_set and kind not in kinds:
            raise NeedsAttention(
                "jobs_not_told_apart",
                f"{setting} chooses the jobs that are billed, and what it goes by cannot be read, so no job is read"
                f" until that is mended, or the setting is emptied. {refused[kind]}",
            )


def _subject(ctx: Context, kind: str) -> str:
    return f"{ctx.source.name}/{kind}"
