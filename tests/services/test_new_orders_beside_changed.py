"""A new order beside one that has changed since its invoice may be the same sale: it waits, and one task tells both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from studio import Studio, order

from billing.domain.money import Money
from billing.domain.policy import DailyLimits, DeliveryMode
from billing.domain.sessions import Order
from billing.services.reconcile import reconcile

pytestmark = pytest.mark.usefixtures("promises_are_kept")


@pytest.fixture
def charged(studio: Studio) -> Studio:
    """An order of 500.00 EUR on autopay, billed and charged."""
    studio.autopay("j1", order("o1"))
    studio.round()
    assert sum(studio.gateway.captured(studio.invoice().invoice.invoice_id)) == 50_000
    return studio


def touched(studio: Studio) -> dict[str, Any]:
    """Something of the job that nobody prints."""
    return {"custom_fields": {"Seen": str(studio.clock.now())}}


def now_there_are(studio: Studio, *orders: Order) -> None:
    """In the booking system, and read."""
    studio.clock.go(hours=1)
    studio.session("j1", *orders, collection_preference="autopay", job=touched(studio))
    if not orders:
        [facts] = [studio.session("j1", collection_preference="autopay")]
        studio.source.put(replace(facts, orders=()))
    studio.round()


def task(studio: Studio, code: str = "order_changed") -> str:
    [sentence] = [said for (_, found), said in studio.open_items().items() if found == code]
    return sentence


def waiting(studio: Studio) -> list[str]:
    return studio.column("select part from drafts where state = 'waiting' order by part")


def claimed(studio: Studio) -> int:
    """What live invoices ask for, in minor units."""
    return sum(row.invoice.amount_due_minor for row in studio.invoices() if not row.is_void)


SPLIT = (order("o1", 30_000), order("o2", 20_000))
ANEW = order("o2", 50_000)


@pytest.mark.parametrize(
    ("orders", "now", "asks"),
    [
        (SPLIT, "300.00 EUR", "200.00 EUR"),
        ((order("o1", status="voided"), ANEW), "voided", "500.00 EUR"),
        ((ANEW,), "gone", "500.00 EUR"),
        ((order("o1", 30_000, lines=()), order("o2", 20_000)), "300.00 EUR", "200.00 EUR"),
    ],
)
def test_a_billed_order_that_is_split_or_written_anew_is_claimed_and_charged_once(
    charged: Studio, orders: tuple[Order, ...], now: str, asks: str
) -> None:
    orders = tuple(replace(one, lines=one.lines or order("o1", 30_000).lines) for one in orders)
    now_there_are(charged, *orders)
    charged.round()

    assert claimed(charged) == 50_000
    assert [sum(charged.gateway.captured(row.invoice.invoice_id)) for row in charged.invoices()] == [50_000]
    assert waiting(charged) == ["o2"]
    [((subject, code), sentence)] = charged.open_items().items()
    assert (subject, code) == (charged.invoice().invoice.invoice_id, "order_changed")
    [draft_id] = charged.column("select invoice_id from drafts where state = 'waiting'")
    for said in ("Order o1 has changed", "500.00 EUR", f"now it is {now}", "Order o2", asks, draft_id, "INV-2026-0001"):
        assert said in sentence
    assert charged.state_of() == "billed"


def test_a_true_add_on_is_billed_by_itself(charged: Studio) -> None:
    now_there_are(charged, order("o1"), order("o2", 20_000))

    assert claimed(charged) == 70_000
    assert charged.codes() == []


def test_one_that_waited_for_the_limit_waits_for_a_person_once_the_old_one_has_changed(charged: Studio) -> None:
    charged.policy = replace(charged.policy, limits=DailyLimits(invoices=1))
    now_there_are(charged, order("o1"), order("o2", 20_000))
    assert charged.state_of() == "due"
    now_there_are(charged, *SPLIT)
    charged.tomorrow()
    charged.round()

    assert claimed(charged) == 50_000
    assert waiting(charged) == ["o2"]
    assert "Order o2" in task(charged)


def test_what_was_billed_in_between_is_named(charged: Studio) -> None:
    now_there_are(charged, order("o1"), order("o2", 20_000))
    now_there_are(charged, *SPLIT)

    assert "INV-2026-0002 asks for 200.00 EUR" in task(charged)


class TestWhatAPersonDoes:
    """Approve, discard, void or close: whichever it is, nothing waits unseen and nothing is claimed by itself."""

    @pytest.fixture
    def split(self, charged: Studio) -> Studio:
        now_there_are(charged, *SPLIT)
        return charged

    def draft_id(self, studio: Studio) -> str:
        return str(studio.column("select invoice_id from drafts where state = 'waiting'")[0])

    def test_the_draft_is_approved_and_the_change_is_still_to_be_decided(self, split: Studio) -> None:
        assert split.approve() == "Approved INV-2026-0002."
        split.round()

        assert claimed(split) == 70_000
        assert split.codes() == ["order_changed"]
        assert "waits as draft" not in task(split)
        assert "INV-2026-0002 asks for 200.00 EUR" in task(split)

    def test_the_old_invoice_is_voided_and_the_draft_has_a_task_until_it_is_approved(self, split: Studio) -> None:
        split.ask("void", number="INV-2026-0001")
        assert split.codes() == ["client_credit", "draft_waits"]
        assert self.draft_id(split) in task(split, "draft_waits")

        assert split.approve() == "Approved INV-2026-0002."
        split.round()

        assert split.codes() == ["client_credit"]
        assert claimed(split) == 20_000

    def test_the_draft_is_discarded_and_never_made_again(self, split: Studio) -> None:
        assert "Discarded" in split.ask("discard", invoice_id=self.draft_id(split))
        assert "waits as draft" not in task(split)
        assert split.state_of() == "billed"
        split.ask("resolve", subject=split.invoice().invoice.invoice_id)
        now_there_are(split, *SPLIT, order("o3", 8_000))

        assert [row.invoice.part for row in split.invoices()] == ["o1", "o3"]
        assert waiting(split) == []

    def test_the_change_is_closed_and_the_draft_goes_on_waiting_while_an_add_on_goes_out(self, split: Studio) -> None:
        split.ask("resolve", subject=split.invoice().invoice.invoice_id, code="order_changed")
        assert split.codes() == ["draft_waits"]
        now_there_are(split, *SPLIT, order("o3", 8_000))
        split.round()

        assert [row.invoice.part for row in split.invoices()] == ["o1", "o3"]
        assert waiting(split) == ["o2"]
        split.ask("discard", invoice_id=self.draft_id(split))
        assert split.codes() == []

    def test_the_change_is_undone_and_the_draft_goes_on_waiting(self, split: Studio) -> None:
        now_there_are(split, order("o1"), order("o2", 20_000))

        assert split.codes() == ["draft_waits"]
        assert claimed(split) == 50_000

        now_there_are(split, *SPLIT)  # and done again: it is another matter than the one that was over
        assert split.codes() == ["order_changed"]
        assert "Order o2" in task(split)

    def test_a_draft_whose_order_is_gone_is_given_up_when_it_is_approved(self, split: Studio) -> None:
        now_there_are(split, order("o1"))
        assert "has changed" in split.approve()

        assert (waiting(split), split.codes()) == ([], [])
        assert claimed(split) == 50_000


def test_another_difference_is_asked_about_and_the_first_again_if_it_comes_back(charged: Studio) -> None:
    now_there_are(charged, order("o1", 30_000))
    now_there_are(charged, order("o1", 40_000))
    charged.ask("resolve", subject=charged.invoice().invoice.invoice_id)
    now_there_are(charged, order("o1", 40_000))
    assert charged.codes() == []  # decided on

    now_there_are(charged, order("o1", 30_000), order("o2", 20_000))

    assert "now it is 300.00 EUR" in task(charged)
    assert claimed(charged) == 50_000


@pytest.mark.parametrize("decided", [False, True])
def test_the_nightly_comparison_neither_says_less_nor_asks_again(charged: Studio, decided: bool) -> None:
    now_there_are(charged, *SPLIT)
    said = charged.open_items()
    if decided:
        charged.ask("resolve", subject=charged.invoice().invoice.invoice_id, code="order_changed")
        said = charged.open_items()

    found = reconcile(charged.ctx, "vsco")

    assert [one.cause for one in found.differences] == ["order_changed"]
    assert charged.open_items() == said


def test_the_nightly_comparison_finds_that_it_is_as_billed_again(charged: Studio) -> None:
    now_there_are(charged, *SPLIT)
    reconcile(charged.ctx, "vsco")
    facts = charged.session("j1", order("o1"), order("o2", 20_000), collection_preference="autopay")
    charged.source.put(facts, charged.clock.now().replace(year=2020))  # the job itself tells of no change

    assert reconcile(charged.ctx, "vsco").is_clean
    assert charged.codes() == ["draft_waits"]


class TestInReview:
    """Drafts are everyday work; that one may be part of what was billed is said before it goes out."""

    @pytest.fixture
    def review(self, studio: Studio) -> Studio:
        studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
        studio.session("j1", order("o1"))
        studio.round()
        studio.approve()
        studio.round()
        return studio

    def change(self, studio: Studio, *orders: Order, **changes: Any) -> None:
        studio.clock.go(hours=1)
        studio.session("j1", *orders, job=touched(studio), **changes)

    def test_a_change_that_is_seen_after_the_draft_was_made_names_the_draft(self, review: Studio) -> None:
        self.change(review, order("o1"), order("o2", 20_000))
        review.round()
        assert (waiting(review), review.codes()) == (["o2"], [])
        self.change(review, *SPLIT)
        review.round()

        assert "Order o2" in task(review)
        assert review.approve() == "Approved INV-2026-0002."

    def test_a_change_that_is_found_while_it_is_approved_is_told_first(self, review: Studio) -> None:
        self.change(review, order("o1"), order("o2", 20_000))
        review.round()
        self.change(review, *SPLIT)

        outcome = review.approve()

        assert "may be part of what was billed: order o1 has changed since invoice INV-2026-0001" in outcome
        assert len(review.invoices()) == 1
        assert "Order o2" in task(review)
        assert review.approve() == "Approved INV-2026-0002."

    def test_a_draft_goes_on_waiting_when_the_studio_turns_to_automatic(self, review: Studio) -> None:
        self.change(review, order("o1"), order("o2", 20_000))
        review.round()
        review.policy = replace(review.policy, delivery_mode=DeliveryMode.AUTOMATIC)
        self.change(review, order("o1"), order("o2", 20_000), order("o3", 8_000))
        review.round()

        assert [row.invoice.part for row in review.invoices()] == ["o1", "o3"]
        assert (waiting(review), review.codes()) == (["o2"], ["draft_waits"])

    def test_a_new_order_beside_one_that_only_waits_is_drafted_too(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
        studio.session("j1", order("a"))
        studio.round()
        self.change(studio, order("a"), order("b", 8_000))
        studio.round()

        assert (waiting(studio), studio.codes()) == (["a", "b"], [])

    def test_one_of_two_drafts_is_discarded_and_the_other_can_be_approved(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
        studio.session("j1", order("a"), order("b", 8_000))
        studio.round()
        [first] = studio.column("select invoice_id from drafts where part = 'a'")
        studio.ask("discard", invoice_id=first)
        assert studio.state_of() == "billed"

        assert studio.approve() == "Approved INV-2026-0001."
        self.change(studio, order("a"), order("b", 9_000))
        studio.round()

        assert studio.invoice().invoice.total == Money(8_000, "EUR")
        assert studio.codes() == ["order_changed"]
