"""Stories of a studio, and everything that the ledger holds at their end: approved texts in ledger_snapshots/.

What a test of one promise does not look at (a word to a person, a reference, a reason) is held here. After a change
that is meant: `RENEW_GOLDEN=1 .venv/bin/python -m pytest
 tests/services/test_ledger_snapshots.py`, and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fakes import Crash
from ledger_snapshot import ledger_snapshot
from studio import KINDS, Studio

from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import NeedsAttention, PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus, Refusal
from billing.domain.policy import DeliveryMode
from billing.domain.settlements import DisputeStatus
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.effects.grant import plan_grants
from billing.services.effects.janitor import show_stuck
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.reconcile.run import reconcile_all
from billing.services.safety.restore import mark_restored, reconcile_restored

SNAPSHOTS = Path(__file__).parent / "ledger_snapshots"
LOST = UnknownOutcomeError("time_out", "No answer came.")
DOWN = TemporaryError("down", "The line is down.")
NO = PermanentError("refused", "It was refused.")
# Every kind of effect, who does it, and by which call.
CALLS = [
    (EffectKind.PAY_LINK, "gateway", "create_pay_link"),
    (EffectKind.CLOSE_PAY_LINK, "gateway", "close_pay_link"),
    (EffectKind.CHARGE, "gateway", "prepare_charge"),
    (EffectKind.CHARGE, "gateway", "confirm_charge"),
    (EffectKind.REFUND, "gateway", "refund"),
    (EffectKind.GRANT, "host", "open_gallery"),
    (EffectKind.REVOKE, "host", "close_gallery"),
    (EffectKind.WRITE_BACK, "source", "record_payment"),
    (EffectKind.WRITE_BACK, "source", "apply_payment"),
    (EffectKind.MAIL, "mailer", "send"),
]


def number(studio: Studio, job_id: str = "j1") -> str:
    return str(studio.invoice(job_id).invoice.number)


def paid_by(studio: Studio, job_id: str) -> str:
    """The provider's id of the payment of this job's invoice."""
    invoice_id = studio.invoice(job_id).invoice.invoice_id
    return next(name for name, intent in studio.gateway.payments.items() if intent.fact.invoice_id == invoice_id)


def rounds(studio: Studio, *hours: float) -> None:
    for pause in hours or (0.1,):
        studio.clock.go(hours=pause)
        studio.round()


def alive(act: Callable[[], object]) -> None:
    with suppress(Crash):
        act()


def paid_by_card(studio: Studio) -> None:
    """A card is charged, the gallery opens, all of the money goes back."""
    studio.gateway.fee = Money(175, "EUR")
    studio.consent()
    studio.with_gallery(collection_preference="autopay")
    rounds(studio, 0.1, 0.1)
    studio.ask("refund", number=number(studio))
    rounds(studio, 1, 1)
    studio.gateway.pay_out()
    rounds(studio)


def paid_in_parts(studio: Studio) -> None:
    """Reminders until a cheque brings a part, and the page the rest; some of it goes back by hand at Stripe."""
    studio.with_gallery()
    rounds(studio)
    for _ in range(40):
        studio.tomorrow()
        plan_follow_ups(studio.ctx)
        rounds(studio)
    cheque = {"reference": "cheque 17", "method": "Cheque", "received_on": "2026-04-11"}
    studio.ask("record_payment", number=number(studio), amount_minor=20_000, **cheque)
    rounds(studio, 1, 1)
    studio.pay_on_page()
    rounds(studio, 1, 1)
    studio.gateway.refund_elsewhere("pi_1", Money(1_000, "EUR"))
    rounds(studio, 1)
    studio.ask("refund", number=number(studio), amount_minor=40_000)
    studio.ask("refund", number=number(studio), amount_minor=100)
    rounds(studio)


def refused_cards(studio: Studio) -> None:
    """One is declined, one wants the client to authenticate, one bank takes days; both clients are asked to pay."""
    cards: dict[str, Refusal | PaymentStatus] = {
        "pm_declined": Refusal("card_declined", "insufficient_funds"),
        "pm_asks": Refusal("authentication_required"),
        "pm_debit": PaymentStatus.PROCESSING,
    }
    studio.gateway.cards.update(cards)
    for name in cards:
        studio.autopay(name.removeprefix("pm_"), method=name)
    rounds(studio, 0.1, 0.1, 2)
    studio.pay_on_page("declined")
    rounds(studio, 25)


def disputes(studio: Studio) -> None:
    """One is lost, one won, one only asks; a refund waits for none of them unless it is forced."""
    for name in ("lost", "won", "asked"):
        studio.consent(name)
        studio.with_gallery(name, collection_preference="autopay")
    rounds(studio, 0.1, 0.1)
    lost, won, asked = (paid_by(studio, name) for name in ("lost", "won", "asked"))
    for payment_id in (lost, won):
        studio.gateway.dispute(payment_id)
    studio.gateway.dispute(asked, inquiry=True)
    rounds(studio)
    ids = [fact.dispute_id for payment_id in (lost, won, asked) for fact in studio.gateway.disputes_of(payment_id)]
    studio.ask("refund", number=number(studio, "won"), amount_minor=100)
    studio.ask("refund", number=number(studio, "asked"), amount_minor=100, force=1)
    rounds(studio)
    ends = (DisputeStatus.LOST, DisputeStatus.WON, DisputeStatus.INQUIRY_CLOSED)
    for dispute_id, end in zip(ids, ends, strict=True):
        studio.gateway.end_dispute(dispute_id, end)
    rounds(studio, 24)
    studio.ask("resume_reminders", number=number(studio, "lost"))
    studio.ask("write_off", number=number(studio, "lost"))
    rounds(studio)


def people_decide(studio: Studio) -> None:
    """Reminders are paused, an invoice is void, one is credited; what makes no sense is refused and kept."""
    for name in ("void", "credited", "paused"):
        studio.session(name)
    rounds(studio)
    studio.ask("void", number=number(studio, "void"))
    studio.ask("void", number=number(studio, "void"))
    studio.ask("credit", number=number(studio, "credited"), amount_minor=12_345)
    studio.ask("pause_reminders", number=number(studio, "paused"))
    studio.ask("credit", number=number(studio, "void"), amount_minor=1)
    studio.ask("write_off", number="INV-9")
    studio.ask("raise_limit", what="mails", to=7)
    studio.tomorrow()
    rounds(studio)
    studio.ask("hold")
    studio.session("held")
    rounds(studio, 25)
    show_stuck(studio.ctx)
    studio.ask("release")
    rounds(studio)


def in_review(studio: Studio) -> None:
    """Drafts wait: one is approved, one discarded."""
    studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
    studio.session("good")
    studio.session("bad")
    rounds(studio)
    with studio.ledger.read() as uow:
        drafts = {row.invoice.session.job_id: row.invoice.invoice_id for row in uow.drafts.in_state("waiting")}
    studio.approve(drafts["good"])
    studio.ask("discard", invoice_id=drafts["bad"])
    studio.approve(drafts["bad"])
    rounds(studio)


def galleries_by_hand(studio: Studio) -> None:
    """One at a host that nobody can reach from here, one that only a person opens; both are closed by hand again."""
    for name, host in (("elsewhere", "elsewhere"), ("by_hand", "manual")):
        studio.consent(name)
        studio.with_gallery(name, host, collection_preference="autopay")
    rounds(studio, 0.1, 0.1)
    for effect in studio.effects(EffectKind.GRANT):
        studio.ask("gallery_opened", effect_id=effect.effect_id, url="https://g.example/1", password="lilac", pin="12")
    rounds(studio)
    for name in ("elsewhere", "by_hand"):
        studio.ask("refund", number=number(studio, name))
    rounds(studio, 1, 1)
    for effect in studio.effects(EffectKind.REVOKE):
        studio.ask("gallery_closed", effect_id=effect.effect_id)
    rounds(studio)


def a_backup_is_restored(studio: Studio) -> None:
    """Work of every kind was committed to and perhaps done; of some of it a provider can be asked."""
    studio.autopay("charged")
    studio.with_gallery("paid")
    studio.autopay("revoked")
    rounds(studio)
    studio.pay_on_page("paid")
    studio.ask("refund", number=number(studio, "charged"), amount_minor=500)
    studio.session("new")
    studio.bill()
    mark_restored(studio.ledger, "the disk is gone", "olga", studio.clock.now())
    studio.clock.go(hours=1)
    studio.round()
    reconcile_restored(studio.ctx, lambda ctx: None, "olga")
    studio.ask("hold")
    studio.clock.go(hours=25)
    show_stuck(studio.ctx)
    studio.ask("release")
    rounds(studio, 1, 26)
    show_stuck(studio.ctx)
    studio.ask("settle_mails", happened="no")
    rounds(studio, 1)
    studio.ask("resolve", subject="restored", code="decisions_lost")
    show_stuck(studio.ctx)


def not_wanted_any_more(studio: Studio) -> None:
    """The answer to each of four calls is lost, or late; when it is asked about, nobody wants it done any more."""

    def begin(name: str) -> None:
        studio.consent(name)
        studio.with_gallery(name, collection_preference="autopay")
        studio.bill()

    def hear() -> None:
        poll_events(studio.ctx)
        apply_events(studio.ctx)

    begin("charged")
    studio.gateway.line.fail("confirm_charge", DOWN)
    studio.do(EffectKind.CHARGE)
    studio.ask("revoke_consent", client_id="c-charged")
    rounds(studio, 1, 1)

    begin("refunded")
    rounds(studio)
    studio.ask("refund", number=number(studio, "refunded"))
    studio.gateway.line.fail("refund", LOST)
    studio.do(EffectKind.REFUND)
    studio.gateway.dispute("pi_2")
    hear()
    rounds(studio, 1, 1)

    begin("opened")
    studio.do(EffectKind.CHARGE)
    hear()
    plan_grants(studio.ctx)
    studio.host.line.fail("open_gallery", LOST)
    studio.do(EffectKind.GRANT)
    studio.gateway.refund_elsewhere("pi_3", Money(50_000, "EUR"))
    hear()
    rounds(studio, 1, 1)

    begin("closed")
    rounds(studio)
    studio.gateway.refund_elsewhere("pi_4", Money(50_000, "EUR"))
    hear()
    studio.host.line.fail("close_gallery", LOST)
    studio.do(EffectKind.REVOKE)
    studio.gateway.receive(studio.invoice("closed").invoice.invoice_id, Money(50_000, "EUR"))
    hear()
    rounds(studio, 1, 25)
    show_stuck(studio.ctx)


def the_books_are_compared(studio: Studio) -> None:
    """Money whose events were lost, a payment deleted at the booking system, a gallery closed by hand; then mended."""
    for name in ("paid", "deleted", "shut"):
        studio.consent(name)
        studio.with_gallery(name, collection_preference="autopay")
    rounds(studio, 0.1, 0.1)
    studio.gateway.refund_elsewhere(paid_by(studio, "paid"), Money(700, "EUR"))
    studio.gateway.dispute(paid_by(studio, "deleted"))
    studio.gateway.events.clear()
    deleted = studio.source.written.pop("vscopay2")
    shut = studio.host.opened.pop()
    for _ in range(2):
        studio.clock.go(hours=24)
        reconcile_all(studio.ctx)
    studio.source.written["vscopay2"] = deleted
    studio.host.opened.append(shut)
    studio.clock.go(hours=24)
    reconcile_all(studio.ctx)
    rounds(studio)


def left_lying(studio: Studio) -> None:
    """The pipeline stands still for a day after it has decided what to do."""
    studio.autopay("charged")
    studio.session("asked")
    studio.bill()
    studio.clock.go(hours=25)
    show_stuck(studio.ctx)


STORIES = (
    paid_by_card, paid_in_parts, refused_cards, disputes, people_decide, in_review, galleries_by_hand,
    a_backup_is_restored, not_wanted_any_more, the_books_are_compared, left_lying,
)  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_at_the_end_of_a_story_the_ledger_holds_this(studio: Studio, story: Callable[[Studio], None]) -> None:
    story(studio)

    compare(story.__name__, ledger_snapshot(studio))


WAYS = {
    "down": (DOWN, "before"),
    "refused": (NO, "before"),
    "for_a_person": (NeedsAttention("look", "Do it by hand."), "before"),
    "unforeseen": (ValueError("what is this"), "before"),
    "lost_before": (LOST, "before"),
    "lost_after": (LOST, "after"),
    "died_before": (Crash(), "before"),
    "died_after": (Crash(), "after"),
}


OUT_OF_THE_ORDINARY = {
    "effects": "attempts <> 1 or asked <> 0 or state <> 'done'",
    "attention": "true",
    "commands": "name not in ('record_consent', 'refund')",
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_becomes_of_a_call_the_ledger_says_this(studio: Studio, way: str) -> None:
    """Each call outside goes wrong in this way, in a studio of its own session; a person answers in the end."""
    error, when = WAYS[way]
    studio.clock.at = studio.clock.at.replace(hour=1)
    looks: list[str] = []
    for kind, side, call in CALLS:
        name = call.replace("_", "-")
        studio.consent(name)
        is_paid_on_page = kind in (EffectKind.PAY_LINK, EffectKind.CLOSE_PAY_LINK)
        studio.with_gallery(name, **({} if is_paid_on_page else {"collection_preference": "autopay"}))
        studio.bill()
        come_to(studio, name, kind)
        getattr(studio, side).line.fail(call, error, when)
        alive(lambda kind=kind: studio.do(kind))
        looks.append(f"{call}: {unfinished(studio)}")
        for _ in range(2):
            studio.clock.at += timedelta(minutes=10)
            alive(lambda kind=kind: studio.do(kind))
            looks.append(f"ten minutes later: {unfinished(studio)}")
            alive(studio.round)
    for pause in (1, 6, 25):
        studio.clock.go(hours=pause)
        alive(studio.round)
        show_stuck(studio.ctx)
    for effect in studio.effects():
        if effect.state is EffectState.UNKNOWN:
            studio.ask("settle", effect_id=effect.effect_id, happened="yes" if when == "after" else "no")
        elif effect.state is EffectState.FAILED:
            studio.ask("retry", effect_id=effect.effect_id)
    rounds(studio, 1, 1)

    compare(f"call_{way}", "\n".join(looks) + "\n" + ledger_snapshot(studio, OUT_OF_THE_ORDINARY))


def unfinished(studio: Studio) -> str:
    """What is known of the effects that were begun and have not succeeded."""
    known = "kind, state, outcome_code, outcome, provider_reference, not_before, asked"
    open_ones = studio.rows(f"select {known} from effects where attempts > 0 and state not in ('done', 'cancelled')")
    return "; ".join(" ".join(str(value) for value in row if value is not None) for row in open_ones) or "nothing open"


def come_to(studio: Studio, job_id: str, kind: EffectKind) -> None:
    """The day goes on until an effect of this kind waits."""
    steps = (*KINDS, EffectKind.GRANT, EffectKind.WRITE_BACK, EffectKind.MAIL)
    for step in steps[: steps.index(kind)] if kind in steps else steps:
        studio.do(step)
        render_invoices(studio.ctx)
        plan_grants(studio.ctx)
    if kind is EffectKind.CLOSE_PAY_LINK:
        studio.pay_on_page(job_id)
        poll_events(studio.ctx)
        apply_events(studio.ctx)
    if kind in (EffectKind.REFUND, EffectKind.REVOKE):
        studio.ask("refund", number=number(studio, job_id))
    if kind is EffectKind.REVOKE:
        studio.do(EffectKind.REFUND)


def compare(name: str, found: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("RENEW_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found.splitlines() == path.read_text(encoding="utf-8").splitlines()
