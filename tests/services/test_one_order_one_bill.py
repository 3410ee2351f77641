"""One order is billed once, whatever job shows it: the second job says which invoice or draft has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from studio import Studio, order

from billing.cli.preview import preview_job, preview_period
from billing.domain.policy import DeliveryMode
from billing.domain.sessions import Order
from billing.services.intake.observe_sessions import shared_records
from billing.services.invoicing.draft_invoices import draft_session
from billing.services.invoicing.issue_invoices import Billed, bill_session

pytestmark = pytest.mark.usefixtures("promises_are_kept")


@pytest.fixture
def billed(studio: Studio) -> Studio:
    """Order o1 under job j1, billed and charged."""
    studio.autopay("j1", order("o1"))
    studio.consent("j2")
    studio.round()
    return studio


def there(studio: Studio, job_id: str, *orders: Order) -> None:
    studio.clock.go(hours=1)
    seen = {"custom_fields": {"Seen": str(studio.clock.now())}}
    facts = studio.session(job_id, *orders, collection_preference="autopay", job=seen)
    if not orders:
        studio.source.put(replace(facts, orders=()))


def task(studio: Studio, job_id: str = "j2") -> str:
    return studio.open_items()[f"vsco:{job_id}", "billed_elsewhere"]


def live(studio: Studio) -> list[tuple[str, str]]:
    """(job, order) of all live invoices."""
    found = studio.rows(
        "select session_id, part from invoices where invoice_id not in (select invoice_id from invoice_voids)"
        " order by session_id, part"
    )
    return [(session_id.removeprefix("vsco:"), part) for session_id, part in found]


def drafts(studio: Studio) -> list[tuple[str, str]]:
    found = studio.rows("select session_id, part from drafts where state = 'waiting' order by session_id, part")
    return [(session_id.removeprefix("vsco:"), part) for session_id, part in found]


def test_an_order_that_moved_to_another_job_is_not_billed_there(billed: Studio) -> None:
    there(billed, "j1")
    there(billed, "j2", order("o1"))
    billed.round()
    billed.round()

    assert live(billed) == [("j1", "o1")]
    assert len(billed.gateway.payments) == 1
    assert "INV-2026-0001 of Session j1 asks Ada j1 for 500.00 EUR" in task(billed)
    assert billed.state_of("j2") == "attention"


def test_two_jobs_that_show_one_order_are_one_bill(studio: Studio) -> None:
    studio.session("j1", order("o1"))
    studio.session("j2", order("o1"), order("o2", 8_000))
    studio.round()
    studio.round()

    assert live(studio) == [("j1", "o1"), ("j2", "o2")]
    assert "INV-2026-0001" in task(studio)
    assert [code for _, code in studio.open_items()] == ["billed_elsewhere"]


def test_one_that_turns_up_under_a_billed_job_is_told_of(billed: Studio) -> None:
    there(billed, "j2", order("o2"))
    billed.round()
    there(billed, "j2", order("o2"), order("o1"))
    billed.round()

    assert live(billed) == [("j1", "o1"), ("j2", "o2")]
    assert "INV-2026-0001" in task(billed)


def test_the_task_closes_when_the_order_is_taken_off_the_job(studio: Studio) -> None:
    studio.session("j1", order("o1"))
    studio.session("j2", order("o1"), order("o2", 8_000))
    studio.round()
    there(studio, "j2", order("o2", 8_000))
    studio.round()

    assert studio.codes() == []
    assert studio.state_of("j2") == "billed"


def test_once_it_is_void_there_it_waits_here_for_a_person(billed: Studio) -> None:
    there(billed, "j1")
    there(billed, "j2", order("o1"))
    billed.round()
    billed.ask("void", number="INV-2026-0001")
    billed.round()

    assert live(billed) == []
    assert drafts(billed) == [("j2", "o1")]
    said = next(sentence for (_, code), sentence in billed.open_items().items() if code == "draft_waits")
    assert "it was billed as INV-2026-0001 of Session j1, which is void" in said
    assert billed.approve() == "Approved INV-2026-0002."
    billed.round()
    billed.round()

    assert live(billed) == [("j2", "o1")]
    assert "draft_waits" not in billed.codes()


def test_two_workers_that_price_it_at_the_same_time_bill_it_once(studio: Studio) -> None:
    studio.session("j1", order("o1"))
    studio.session("j2", order("o1"))
    studio.observe()
    with studio.ledger.read() as uow:
        sessions = uow.sessions.in_state("due")
    drafted = [(one, draft_session(studio.ctx, one, shared_records(studio.ctx))) for one in sessions]
    billed = Billed()
    for one, priced in drafted:
        bill_session(studio.ctx, one, priced, billed)

    assert len(billed.finalized) == 1
    assert live(studio) == [("j1", "o1")]
    assert "INV-2026-0001" in task(studio)


class TestInReview:
    """A draft has an order as an invoice has."""

    @pytest.fixture
    def review(self, studio: Studio) -> Studio:
        studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
        studio.session("j1", order("o1"))
        studio.session("j2", order("o1"))
        studio.round()
        return studio

    def test_one_that_waits_under_another_job_is_not_drafted_again(self, review: Studio) -> None:
        [draft_id] = review.column("select invoice_id from drafts")

        assert drafts(review) == [("j1", "o1")]
        assert f"waits already, as draft {draft_id} of Session j1" in task(review)

    def test_once_it_is_approved_there_the_task_names_the_invoice(self, review: Studio) -> None:
        review.approve()
        review.round()

        assert "INV-2026-0001 of Session j1" in task(review)

    def test_once_it_is_discarded_there_it_waits_here(self, review: Studio) -> None:
        [draft_id] = review.column("select invoice_id from drafts")
        review.ask("discard", invoice_id=draft_id)
        review.round()

        assert (review.state_of("j1"), drafts(review)) == ("excluded", [("j2", "o1")])
        assert [code for _, code in review.open_items()] == ["draft_waits"]
        review.approve()
        assert live(review) == [("j2", "o1")]

    def test_of_two_drafts_that_wait_from_before_the_older_one_is_approved(self, review: Studio) -> None:
        with review.ledger.write() as uow:  # as an older version kept them
            [first] = uow.drafts.in_state("waiting")
            second = replace(first.invoice, invoice_id="inv_second", session_id="vsco:j2")
            uow.drafts.keep(second, "waiting", review.clock.now())
            uow.sessions.settle("vsco:j2", "billed", None, review.clock.now())
        review.clock.go(hours=1)

        outcome = review.approve("inv_second", first.invoice.invoice_id)

        assert "waits already, as draft" in outcome
        assert outcome.startswith("Approved INV-2026-0001.")
        assert live(review) == [("j1", "o1")]
        assert drafts(review) == []


def test_a_look_ahead_says_the_same(billed: Studio) -> None:
    there(billed, "j2", order("o1"), order("o2", 8_000))
    billed.round()
    there(billed, "j1", order("o1", 30_000), order("o4", 20_000))

    other, split = preview_job(billed.ctx, "j2"), preview_job(billed.ctx, "j1")

    assert (other.invoices, [problem.code for problem in other.problems]) == ((), ["billed_elsewhere"])
    [draft] = split.invoices
    assert "order o1 has changed since invoice INV-2026-0001" in str(split.waits_for_a_person(draft))


def test_a_look_ahead_at_two_jobs_that_show_one_order_counts_it_once(studio: Studio) -> None:
    studio.session("j1", order("o1"))
    studio.session("j2", order("o1"))

    found = list(preview_period(studio.ctx, (date(2026, 1, 1), date(2026, 12, 31))))

    assert sum(len(looked.invoices) for looked in found) == 1
    [problem] = [problem for looked in found for problem in looked.problems]
    assert problem.code == "billed_elsewhere"
    assert "billed once" in problem.sentence
