"""The daily look at the hash chains."""

from __future__ import annotations

import pytest
from acting_studio import Studio

from assets.billing.chains import no_row_of_the_books_was_changed
from billing.bootstrap import open_house
from billing.domain.events import DomainEvent
from pipelines.resources import HouseResource

pytestmark = pytest.mark.dagster


def test_a_row_that_was_changed_is_named_at_the_daily_look(studio: Studio) -> None:
    with open_house() as house, house.ledger.write() as books:
        for number in range(3):
            books.journal.tell(DomainEvent(f"e{number}", "noted", "s", house.now()))
    honest = no_row_of_the_books_was_changed(house=HouseResource())
    studio.query("drop trigger domain_events_refuses_update", "update domain_events set actor = 'x' where seq = 2")

    tampered = no_row_of_the_books_was_changed(house=HouseResource())

    assert honest.passed
    assert not tampered.passed
    assert tampered.metadata["Links broken"].value == 1
    assert "domain_events e1" in str(tampered.metadata["Rows"].value)
