"""A month of a studio in which everything happened once: what waits, what failed and what is long done."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from fakes import Crash
from studio import Studio, order

from billing.domain.effects import EffectKind
from billing.domain.errors import UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.payments import Refusal
from billing.domain.policy import DeliveryMode
from billing.ports.ledger import SessionRow
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.commands.carry_out import submit
from billing.services.effects.janitor import show_stuck
from billing.services.intake.apply_events import poll_events

_LOST = UnknownOutcomeError("time_out", "No answer came.")


def live_a_month(studio: Studio) -> None:
    """Sessions job1 to job19; afterwards it is the fourth week, and work of every kind is due."""
    _bill_and_pay(studio)
    _money_goes_back(studio)
    for days in (7, 7, 3, 4):
        studio.clock.go(days=days)
        plan_follow_ups(studio.ctx)
        studio.do(EffectKind.MAIL)
    studio.gateway.pay_out()
    studio.round()
    _stands_still(studio)


def _bill_and_pay(studio: Studio) -> None:
    studio.gateway.fee = Money(175, "EUR")
    studio.gateway.cards["pm_declined"] = Refusal("card_declined", "insufficient_funds")
    for number in (1, 2, 3):
        studio.consent(f"job{number}")
        studio.with_gallery(f"job{number}", collection_preference="autopay")
    for number in range(4, 10):
        studio.with_gallery(f"job{number}")
    studio.session("job10")
    studio.session("job11", order("o-job11"), order("o-job11b", 20_000))
    studio.autopay("job12", method="pm_declined")
    for _ in range(2):
        studio.clock.go(minutes=6)
        studio.round()
    for number in (4, 5, 10):
        studio.pay_on_page(f"job{number}")
    studio.round()


def _money_goes_back(studio: Studio) -> None:
    studio.ask("refund", number=_number(studio, "job4"), amount_minor=1_000)
    studio.ask("refund", number=_number(studio, "job2"))
    studio.gateway.dispute(_payment(studio, "job1"))
    studio.gateway.refund_elsewhere(_payment(studio, "job10"), Money(700, "EUR"))
    studio.ask("void", number=_number(studio, "job6"))
    studio.ask("credit", number=_number(studio, "job7"), amount_minor=1_000)
    studio.ask("pause_reminders", number=_number(studio, "job9"))
    for _ in range(2):
        studio.clock.go(hours=1)
        studio.round()
    studio.pay_by_cheque("job8")
    studio.gateway.refund_elsewhere(_payment(studio, "job5"), Money(300, "EUR"))
    refund = list(studio.gateway.refunds)[-1]
    fact = studio.gateway.refunds[refund]
    in_dollars = replace(fact.movements[0], amount=Money(-330, "USD"), fee=Money(0, "USD"))
    studio.gateway.refunds[refund] = replace(fact, movements=(in_dollars,))  # a movement that cannot be posted
    studio.round()


def _stands_still(studio: Studio) -> None:
    """The pipeline died in the middle of its work, some days ago."""
    studio.autopay("job13")
    studio.autopay("job14")
    studio.session("job15")
    studio.bill()
    for call, error, when in (("confirm_charge", _LOST, "before"), ("confirm_charge", Crash(), "after")):
        studio.gateway.line.fail(call, error, when)
        with suppress(Crash):
            studio.do(EffectKind.CHARGE)
    studio.clock.go(days=2)
    show_stuck(studio.ctx)
    studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
    studio.session("job16")
    studio.session("job17", order("o-job17", total=Money(1, "EUR")))
    studio.bill()
    studio.session("job18")
    studio.observe()
    with studio.ledger.write() as uow:
        later = SessionRow("vsco:job19", "vsco", "job19", "Session job19", "expected", None, studio.clock.now(), None)
        uow.sessions.observe(later, "session_ended")
    studio.pay_on_page("job7")
    poll_events(studio.ctx)
    asked_for = {"number": _number(studio, "job7"), "amount_minor": 1}
    submit(studio.ledger, "credit", asked_for, "olga", "by phone", studio.clock.now())


def _number(studio: Studio, job_id: str) -> str:
    return str(studio.invoice(job_id).invoice.number)


def _payment(studio: Studio, job_id: str) -> str:
    invoice_id = studio.invoice(job_id).invoice.invoice_id
    return next(name for name, intent in studio.gateway.payments.items() if intent.fact.invoice_id == invoice_id)
