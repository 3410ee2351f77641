"""A scripted day around one ledger, made of acts that can be taken up again wherever the power went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from digest import describe
from studio import Studio, order

from billing.domain.effects import EffectKind, EffectState, message_id
from billing.domain.money import Money
from billing.domain.payments import Refusal
from billing.domain.settlements import DisputeStatus


@dataclass(frozen=True)
class Step:
    """What happens in the world, what a person then asks for, and a round of the pipeline after it.

    What a person asks for is asked again after a power cut that took their request with it.
    """

    name: str
    outside: Callable[[Studio], object] | None = None
    asked: Callable[[Studio, str], object] | None = None  # gets the reason by which the request is known again

    def begin(self, studio: Studio) -> None:
        studio.clock.go(minutes=10)
        if self.outside:
            self.outside(studio)

    def go_on(self, studio: Studio) -> None:
        if self.asked and not studio.column("select 1 from commands where reason = :r", r=self.name):
            self.asked(studio, self.name)
        studio.round()


def _consent(client: str, card: str) -> Callable[[Studio, str], object]:
    return lambda studio, reason: studio.ask(
        "record_consent", reason=reason, client_id=f"c-{client}", customer_id=f"cus_{client}", payment_method_id=card,
        label="Visa ending 4242", text_version="v1", consented_at="2026-02-01T10:00:00+00:00",
    )  # fmt: skip


def _sessions(studio: Studio) -> None:
    studio.gateway.fee = Money(30, "EUR")
    studio.gateway.cards["pm_bad"] = Refusal("card_declined", "insufficient_funds")
    studio.with_gallery("j1")
    for job_id in ("j2", "j3"):
        studio.session(job_id, order(f"o-{job_id}", 30_000), collection_preference="autopay")


def _cheque(studio: Studio, reason: str) -> None:
    studio.ask(
        "record_payment", reason=reason, number=str(studio.invoice("j4").invoice.number), amount_minor=20_000,
        reference="cheque 7", method="cheque", received_on="2026-03-02",
    )  # fmt: skip


def _paid_with(studio: Studio, job_id: str) -> str:
    """The provider's payment of this job's invoice."""
    invoice_id = studio.invoice(job_id).invoice.invoice_id
    payments = studio.gateway.payments.items()
    return next(name for name, it in payments if it.fact.invoice_id == invoice_id and it.fact.amount)


DAY = (
    Step("a client agrees to be charged", asked=_consent("j2", "pm_1")),
    Step("so does one whose card will be refused", asked=_consent("j3", "pm_bad")),
    Step("three sessions are completed", _sessions),
    Step("a client pays", lambda studio: studio.pay_on_page("j1")),
    Step("the client of the refused card pays a part", lambda studio: studio.pay_on_page("j3", 10_000)),
    Step("a session without a card", lambda studio: studio.session("j4", order("o-j4", 45_000))),
    Step("a cheque comes in", asked=_cheque),
    Step("the rest is paid, and more", lambda studio: studio.pay_on_page("j4", 30_000)),
    Step("a session that was free", lambda studio: studio.session("j5")),
    Step(
        "its invoice is void",
        asked=lambda studio, reason: studio.ask("void", reason=reason, number=str(studio.invoice("j5").invoice.number)),
    ),
    Step(
        "money goes back from the provider's page",
        lambda studio: studio.gateway.refund_elsewhere(_paid_with(studio, "j1"), Money(7_000, "EUR")),
    ),
    Step("a bank takes money back", lambda studio: studio.gateway.dispute(_paid_with(studio, "j2"))),
    Step("and keeps it", lambda studio: studio.gateway.end_dispute("dp_1", DisputeStatus.LOST)),
    Step("the provider pays out", lambda studio: studio.gateway.pay_out()),
)


def settle_down(studio: Studio, rounds: int = 8) -> None:
    """Rounds with time between them until nothing is open; what only a person can know, a person looks up."""
    for number in range(rounds):
        studio.clock.go(minutes=(6, 6, 20, 40, 60, 60, 60, 60)[number])
        studio.round()
        _answer_for_mails(studio)
        if not studio.column("select 1 from effects where state in ('ready', 'in_flight', 'unknown')"):
            return


def _answer_for_mails(studio: Studio) -> None:
    """A mail server cannot be asked: the office looks whether the client has it."""
    arrived = {mail.message_id for mail in studio.mailer.sent}
    for effect in studio.effects(EffectKind.MAIL):
        if effect.state is EffectState.UNKNOWN:
            there = message_id(effect.key, "northlight.example") in arrived
            studio.ask("settle", effect_id=effect.effect_id, happened="yes" if there else "no")
            if not there:
                studio.ask("retry", effect_id=effect.effect_id)
                studio.round()


MONEY = ("invoices", "voids", "payments", "allocations", "refunds", "disputes", "movements", "payouts", "postings")


@dataclass(frozen=True)
class Ending:
    """What must be the same at the end, wherever the power went."""

    money: dict[str, list[list[Any]]]
    captured: dict[str, int]
    mails: list[str]
    galleries: list[str]

    def differences(self, other: Ending) -> list[str]:
        wrong = [f"{name} differ" for name in MONEY if self.money[name] != other.money[name]]
        wrong += ["captured amounts differ"] if self.captured != other.captured else []
        wrong += ["mails differ"] if self.mails != other.mails else []
        return wrong + (["open galleries differ"] if self.galleries != other.galleries else [])


def ending(studio: Studio) -> Ending:
    facts = describe(studio.ledger.engine)
    captured = {row[1]: sum(studio.gateway.captured(row[1])) for row in facts["invoices"]}
    galleries = sorted(set(studio.host.opened))
    return Ending({name: facts[name] for name in MONEY}, captured, studio.mailer.subjects(), galleries)
