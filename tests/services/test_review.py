"""In review mode nothing goes out before a person has looked, and looks once more at what has changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from studio import Studio, order

from billing.domain.invoices import Collection
from billing.domain.policy import DeliveryMode


@pytest.fixture
def review(studio: Studio) -> Studio:
    studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
    return studio


class TestReview:
    """Drafts wait for a person; one whose order has changed is shown once more."""

    def draft_id(self, studio: Studio) -> str:
        return str(studio.column("select invoice_id from drafts where state = 'waiting'")[0])

    def test_nothing_goes_out_before_a_person_approves(self, review: Studio) -> None:
        review.session()
        review.round()
        assert review.effects() == []
        assert review.ask("approve", invoice_id="all") == "Approved INV-2026-0001."
        review.round()
        assert len(review.mailer.sent) == 1
        assert review.ask("approve", invoice_id="all") == "Approved nothing."

    def test_approving_twice_is_one_invoice(self, review: Studio) -> None:
        review.session()
        review.round()
        draft = self.draft_id(review)
        review.ask("approve", invoice_id=draft)
        assert "No draft" in review.ask("approve", invoice_id=draft)
        assert len(review.invoices()) == 1

    def test_a_changed_order_is_refused_and_drafted_anew(self, review: Studio) -> None:
        review.session()
        review.round()
        draft = self.draft_id(review)
        review.session("j1", order("o-j1", 70_000))
        with review.ledger.write() as books:
            books.records.keep_all("vsco", "j1", review.source.related_records("j1"), review.clock.now())
        assert "has changed" in review.ask("approve", invoice_id=draft)
        assert review.invoices() == []
        review.ask("approve", invoice_id=draft)
        assert review.invoice().invoice.total_minor == 70_000

    def test_an_order_that_cannot_be_billed_any_more_goes_to_attention(self, review: Studio) -> None:
        review.session()
        review.round()
        draft = self.draft_id(review)
        review.session("j1", order("o-j1", status="voided"))
        with review.ledger.write() as books:
            books.records.keep_all("vsco", "j1", review.source.related_records("j1"), review.clock.now())
        review.ask("approve", invoice_id=draft)
        review.round()
        assert review.state_of() == "attention"
        assert review.codes() == ["order_voided"]

    def test_a_discarded_draft_is_gone_and_not_made_again(self, review: Studio) -> None:
        review.session()
        review.round()
        draft = self.draft_id(review)
        assert "Discarded" in review.ask("discard", invoice_id=draft)
        assert "No draft" in review.ask("discard", invoice_id=draft)
        review.round()
        assert review.state_of() == "excluded"
        assert review.column("select state from drafts") == ["discarded"]

    def test_dates_count_from_the_day_of_approval(self, review: Studio) -> None:
        review.session()
        review.round()
        review.clock.go(days=3)
        review.ask("approve", invoice_id="all")
        invoice = review.invoice().invoice
        assert (invoice.issued_on, invoice.due_on) == (date(2026, 3, 5), date(2026, 3, 19))
        assert invoice.collection is Collection.INVOICE

    def test_one_that_has_changed_keeps_no_other_from_being_approved(self, review: Studio) -> None:
        review.session("j1")
        review.session("j2")
        review.round()
        review.session("j1", order("o-j1", 70_000))
        with review.ledger.write() as books:
            books.records.keep_all("vsco", "j1", review.source.related_records("j1"), review.clock.now())
        outcome = review.ask("approve", invoice_id="all")
        assert outcome.startswith("Approved INV-2026-0001. The order behind draft")
