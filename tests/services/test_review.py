"""In review mode nothing goes out before a person has looked, and looks once more at what has changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from studio import Studio, order

from billing.domain.errors import TemporaryError
from billing.domain.invoices import Collection
from billing.domain.policy import DailyLimits, DeliveryMode


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
        assert review.approve() == "Approved INV-2026-0001."
        review.round()
        assert len(review.mailer.sent) == 1
        assert review.approve().startswith("approve needs drafts")

    def test_approving_twice_is_one_invoice(self, review: Studio) -> None:
        review.session()
        review.round()
        draft = self.draft_id(review)
        review.approve(draft)
        assert "No draft" in review.approve(draft)
        assert len(review.invoices()) == 1

    def test_a_changed_order_is_refused_and_drafted_anew(self, review: Studio) -> None:
        review.session()
        review.round()
        draft = self.draft_id(review)
        review.session("j1", order("o-j1", 70_000))
        with review.ledger.write() as uow:
            uow.records.keep_all("vsco", "j1", review.source.related_records("j1").records, review.clock.now())
        assert "has changed" in review.approve(draft)
        assert review.invoices() == []
        review.approve(draft)
        assert review.invoice().invoice.total_minor == 70_000

    def test_an_order_that_cannot_be_billed_any_more_goes_to_attention(self, review: Studio) -> None:
        review.session()
        review.round()
        draft = self.draft_id(review)
        review.session("j1", order("o-j1", status="voided"))
        with review.ledger.write() as uow:
            uow.records.keep_all("vsco", "j1", review.source.related_records("j1").records, review.clock.now())
        review.approve(draft)
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
        review.approve()
        invoice = review.invoice().invoice
        assert (invoice.issued_on, invoice.due_on) == (date(2026, 3, 5), date(2026, 3, 19))
        assert invoice.collection is Collection.INVOICE

    def test_one_that_has_changed_keeps_no_other_from_being_approved(self, review: Studio) -> None:
        review.session("j1")
        review.session("j2")
        review.round()
        review.session("j1", order("o-j1", 70_000))
        with review.ledger.write() as uow:
            uow.records.keep_all("vsco", "j1", review.source.related_records("j1").records, review.clock.now())
        outcome = review.approve()
        assert outcome.startswith("Approved INV-2026-0001. The order behind draft")

    def test_approval_asks_the_booking_system_and_not_what_was_read_before(self, review: Studio) -> None:
        review.session()
        review.round()
        review.session("j1", order("o-j1", 70_000))

        assert "has changed" in review.approve()
        assert review.invoices() == []
        assert review.approve() == "Approved INV-2026-0001."
        assert review.invoice().invoice.total_minor == 70_000

    def test_a_draft_stays_while_the_booking_system_is_down_and_keeps_no_command_waiting(self, review: Studio) -> None:
        review.session()
        review.round()
        review.source.line.fail("related:j1", TemporaryError("vsco_unreachable", "VSCO Workspace is down."))

        outcome = review.approve()

        assert outcome.startswith("VSCO Workspace is down. Draft inv_")
        assert "stays" in outcome
        assert review.column("select state from drafts") == ["waiting"]
        assert review.column("select state from commands") == ["refused"]
        assert review.approve() == "Approved INV-2026-0001."

    def test_only_what_was_seen_is_approved(self, review: Studio) -> None:
        review.session("j1")
        review.round()
        seen = review.seen()
        review.session("j2")
        review.session("j1", order("o-j1", 70_000))
        review.round()
        assert "has changed" in review.approve(self.draft_id(review))  # renewed: another draft than the one seen

        outcome = review.ask("approve", drafts=seen)

        assert "has changed since you looked" in outcome
        assert review.column("select count(*) from invoices") == [0]

    def test_one_bad_draft_takes_nothing_back_from_the_others(self, review: Studio) -> None:
        review.session("j1")
        review.session("j2")
        review.round()
        review.source.line.fail("related:j2", TemporaryError("vsco_unreachable", "VSCO Workspace is down."))

        outcome = review.approve()

        assert outcome.startswith("Approved INV-2026-0001. VSCO Workspace is down.")
        assert review.column("select state from commands") == ["done"]

    def test_approving_older_drafts_stops_at_the_limit_of_the_day(self, review: Studio) -> None:
        review.policy = replace(review.policy, limits=DailyLimits(invoices=2))
        for day in range(2):
            for number in range(2):
                review.session(f"j{day}{number}")
            review.round()
            review.tomorrow()

        outcome = review.approve()

        assert outcome.startswith("Approved INV-2026-0001, INV-2026-0002. The daily limit of invoices is reached")
        assert review.codes() == ["limit_invoices"]
        assert review.column("select count(*) from drafts where state = 'waiting'") == [2]
        review.ask("raise_limit", what="invoices", to=4)
        assert review.approve() == "Approved INV-2026-0003, INV-2026-0004."
