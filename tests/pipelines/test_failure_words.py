"""What is known of a step that failed: that it was the machine which refused, what it refused, and what to do."""

from __future__ import annotations

import dagster as dg
import pytest

from billing.domain.errors import TemporaryError
from billing.services.safety.troubles import Cause, Trouble, trouble_of
from sensors.failures import troubles_of_run


def _told(error: Exception) -> list[Trouble]:
    @dg.op
    def publish() -> None:
        raise error

    @dg.job
    def refresh() -> None:
        publish()

    with dg.DagsterInstance.ephemeral() as instance:
        ended = refresh.execute_in_process(instance=instance, raise_on_error=False)
        return troubles_of_run(instance, ended.run_id)


@pytest.mark.parametrize(
    ("error", "cause", "told"),
    [
        (OSError(28, "No space left on device"), Cause.MACHINE, "publish: its disk is full. Make room there."),
        (
            RuntimeError("IO Error: Could not set lock on file"),
            Cause.MACHINE,
            "publish: another program holds it. End that program, or wait until it is done.",
        ),
        (KeyError("iban DE02"), Cause.UNFORESEEN, "publish: KeyError."),  # its text may hold anything
        (dg.Failure("The figures wait for room."), Cause.UNFORESEEN, "publish: The figures wait for room."),
    ],
)
def test_what_the_machine_refused_is_told_as_that(error: Exception, cause: Cause, told: str) -> None:
    assert _told(error) == [Trouble(cause, told)]


@pytest.mark.parametrize("code", ["no_room", "warehouse_unavailable", "extract_failed", "ledger_unavailable"])
def test_figures_that_have_no_room_are_the_machines_trouble(code: str) -> None:
    assert trouble_of(TemporaryError(code, "The figures are not made anew.")).cause is Cause.MACHINE
