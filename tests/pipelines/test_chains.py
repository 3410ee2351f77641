"""The daily look at the hash chains."""

from __future__ import annotations

import pytest
from acting_studio import Studio

from assets.billing.chains import no_row_of_the_books_was_changed
from billing.bootstrap import open_context
from billing.domain.events import DomainEvent
from pipelines.resources import BillingResource

pytestmark = pytest.mark.dagster


def test_a_row_that_was_changed_is_named_at_the_daily_look(studio: Studio) -> None:
    with open_context() as ctx, ctx.ledger.write() as uow:
        for number in range(3):
            uow.journal.record_event(DomainEvent(f"e{number}", "noted", "s", ctx.now()))
    honest = no_row_of_the_books_was_changed(billing=BillingResource())
    studio.query("drop trigger domain_events_refuses_update", "update domain_events set actor = 'x' where seq = 2")

    tampered = no_row_of_the_books_was_changed(billing=BillingResource())

    assert honest.passed
    assert not tampered.passed
    assert tampered.metadata["Links broken"].value == 1
    assert "domain_events e1" in str(tampered.metadata["Rows"].value)
