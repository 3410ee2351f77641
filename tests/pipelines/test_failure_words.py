"""What the owner is told of a step that failed: what the machine refused and what to do, never the name of a class."""

from __future__ import annotations

import dagster as dg
import pytest

from sensors.failures import reasons


def _told(error: Exception) -> list[str]:
    @dg.op
    def publish() -> None:
        raise error

    @dg.job
    def refresh() -> None:
        publish()

    with dg.DagsterInstance.ephemeral() as instance:
        ended = refresh.execute_in_process(instance=instance, raise_on_error=False)
        return reasons(instance, ended.run_id)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "publish: its disk is full. Make room there."),
        (
            RuntimeError("IO Error: Could not set lock on file"),
            "publish: another program holds it. End that program, or wait until it is done.",
        ),
        (KeyError("iban DE02"), "publish: something that nobody foresaw (KeyError); Dagster shows where."),
        (dg.Failure("The figures wait for room."), "publish: The figures wait for room."),
    ],
)
def test_a_failed_step_is_told_in_a_sentence(error: Exception, told: str) -> None:
    assert _told(error) == [told]
