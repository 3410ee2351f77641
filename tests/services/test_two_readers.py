"""Two workers read one session at once: what the slower one says of it does not undo what the faster one did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from studio import Studio

from billing.domain.errors import PermanentError
from billing.domain.policy import Trigger
from billing.domain.sessions import Stage
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs, wake_expected_sessions
from billing.services.invoicing.issue_invoices import bill_due_sessions

REFUSED = PermanentError("vsco_refused", "VSCO Workspace refused it.")


def meanwhile(studio: Studio, call: str, other: Callable[[], object]) -> None:
    """In the midst of our next such call, when the answer is there and we have not heard it, another worker acts."""
    real = getattr(studio.source, call)

    def slow(*arguments: Any) -> Any:
        setattr(studio.source, call, real)
        answer: Any
        try:
            answer = real(*arguments)
        except PermanentError as error:
            answer = error
        other()
        if isinstance(answer, PermanentError):
            raise answer
        return answer

    setattr(studio.source, call, slow)


@pytest.fixture
def observed(studio: Studio) -> Studio:
    studio.session()
    observe_jobs(studio.ctx)
    return studio


def test_one_that_is_read_while_another_worker_is_refused_is_billed(observed: Studio) -> None:
    def other() -> None:
        observed.source.line.fail("related:j1", REFUSED)
        fetch_session_records(observed.ctx)
        assert observed.state_of() == "attention"

    meanwhile(observed, "related_records", other)
    fetch_session_records(observed.ctx)
    bill_due_sessions(observed.ctx)

    assert observed.state_of() == "billed"
    assert observed.codes() == []


def test_one_that_another_worker_has_billed_is_not_set_aside(observed: Studio) -> None:
    observed.source.line.fail("related:j1", REFUSED)
    meanwhile(observed, "related_records", observed.bill)

    fetch_session_records(observed.ctx)

    assert observed.state_of() == "billed"
    assert observed.codes() == ["session_not_read"]


class TestTheEndOfASession:
    @pytest.fixture
    def over(self, studio: Studio) -> Studio:
        """Its end has passed, and nobody has read it since."""
        studio.policy = replace(studio.policy, trigger=Trigger.SESSION_ENDED)
        studio.session(session_ends_at=studio.clock.now() + timedelta(hours=3), job={"stage": Stage.BOOKED})
        observe_jobs(studio.ctx)
        studio.clock.go(hours=9)
        return studio

    def bill(self, studio: Studio) -> None:
        fetch_session_records(studio.ctx)
        bill_due_sessions(studio.ctx)

    def test_is_noticed_once(self, over: Studio) -> None:
        meanwhile(over, "read_session", lambda: self.bill(over))

        fetch_session_records(over.ctx)
        over.clock.go(minutes=1)
        wake_expected_sessions(over.ctx)

        assert over.state_of() == "billed"
        assert len(over.invoices()) == 1

    def test_is_not_taken_for_called_off_when_it_was_billed(self, over: Studio) -> None:
        over.session(job={"stage": Stage.BOOKED, "closed": True})

        def it_took_place() -> None:
            over.session(session_ends_at=over.clock.now() - timedelta(hours=6), job={"stage": Stage.BOOKED})
            observe_jobs(over.ctx)
            self.bill(over)

        meanwhile(over, "read_session", it_took_place)
        fetch_session_records(over.ctx)

        assert over.state_of() == "billed"
