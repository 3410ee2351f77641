"""Whether the published figures are those of the ledger: what the pipeline sees, and notes for those who read them."""

from __future__ import annotations

import time

import pytest
from acting_studio import Studio

from billing.domain.published_file import seen_current_of
from pipelines.resources import standing
from sensors.run_reasons import RunReason, look_for_new_figures

pytestmark = pytest.mark.dagster

_TWO_MINUTES = 120


def _look(studio: Studio) -> RunReason | None:
    path = standing.published_path()
    return look_for_new_figures(standing.ctx(), studio.instance, time.time() + _TWO_MINUTES, path)


def test_figures_that_are_the_ledgers_are_noted_as_that_until_the_ledger_changes(studio: Studio) -> None:
    studio.run("refresh_warehouse")
    ctx, note = standing.ctx(), seen_current_of(standing.published_path())
    assert _look(studio) is None
    assert note.exists()

    note.unlink()
    with ctx.ledger.write() as uow:
        uow.tasks.raise_task("vsco:1", "look_at_it", "Look at it.", ctx.now())
    reason = _look(studio)
    assert reason is not None
    assert reason.job == "refresh_warehouse"
    assert not note.exists()


def test_a_published_file_that_was_deleted_is_published_anew(studio: Studio) -> None:
    studio.run("refresh_warehouse")
    standing.published_path().unlink()

    assert _look(studio) is not None
