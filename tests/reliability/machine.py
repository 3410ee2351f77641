"""A state machine: whatever happens around one ledger, in whatever order, every promise holds after each step."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from shutil import copy
from typing import Any, ClassVar

from fake_paper import FakeRenderer
from fakes import Crash, FakeClock, FakeGalleryHost, FakeGateway, FakeSessionSource
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from model_ledger import Model, Said, WatchedMailer, unlike, watch_mail
from studio import Studio, order
from studio_work import FAULTS, MOVES, Work

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.migrate import MIGRATIONS
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.effects import EffectKind, EffectState, message_id
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus, Refusal
from billing.domain.sessions import Gallery
from billing.domain.settlements import DisputeStatus, RefundStatus
from billing.services.collections.asking_again import is_left_alone
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.invoicing.deliver_invoices import render_invoices

CARDS: dict[str, Refusal | PaymentStatus] = {
    "pm_good": PaymentStatus.SUCCEEDED,
    "pm_declined": Refusal("card_declined", "insufficient_funds"),
    "pm_authenticate": Refusal("authentication_required"),
}
AMOUNTS = st.sampled_from([100, 10_000, 33_333, 50_000])
SHARES = st.sampled_from([1, 3, 10, 10, 13])  # tenths
ANY = st.integers(0, 10**6)  # picks one of what there is
CHECKS_EVERY = 25
OF_A_DAY = {"every_provider_event_older_than_a_day_is_settled", "every_effect_open_for_a_day_needs_attention"}

# These tell before from after by the instants that were written down: a clock set back makes them cry wolf.
BY_THE_CLOCK = {
    "autopay_payments_follow_a_charge",
    "grants_follow_payment",
    "no_charge_without_consent",
    "no_reminder_after_payment",
    "no_reminder_while_disputed",
    "revocations_follow_an_effect",
}


class StudioLife(Work, RuleBasedStateMachine):
    """`template`, `path` and `ledger` are set beforehand: each life begins with a copy of the template at `path`."""

    template: ClassVar[Path]
    path: ClassVar[Path]
    ledger: ClassVar[SqlLedger]

    def __init__(self) -> None:
        super().__init__()
        self.ledger.close()
        copy(self.template, self.path)
        clock, self.model, self.steps = FakeClock(), Model(), 0
        self.was_set_back = self.may_be_set_back = self.has_new_sessions = False
        self.set_back_by = 0  # hours, at most
        mailer = WatchedMailer(lambda mail: watch_mail(self.studio, self.model, mail))
        source, gateway = FakeSessionSource(clock), FakeGateway(clock)
        self.studio = Studio(self.ledger, clock, source, gateway, mailer, FakeRenderer(), FakeGalleryHost())
        gateway.fee = Money(30, "EUR")
        gateway.cards.update(CARDS)

    @initialize(
        cards=st.lists(st.sampled_from([None, None, *CARDS]), min_size=2, max_size=2),
        tenths=st.sampled_from([None, 3, 10, 13]),
        may_be_set_back=st.booleans(),
        notice=st.sampled_from([0, 2]),
    )
    def a_busy_studio(self, cards: list[str | None], tenths: int | None, may_be_set_back: bool, notice: int) -> None:
        """Most of what may go wrong needs invoices and money first. A clock that is set back mutes some checks."""
        self.may_be_set_back = may_be_set_back
        self.studio.policy = replace(self.studio.policy, autopay_notice_days=notice, owner_email="owner@x.example")
        for number, card in enumerate([None, *cards]):
            self.complete_a_session(minor=(50_000, 33_333, 100)[number], card=card, has_gallery=number == 0)
        self.round()
        if tenths:
            self.pay_on_the_page(which=0, tenths=tenths)
            self.round()

    # What clients and their banks do

    @rule(minor=AMOUNTS, card=st.sampled_from([None, None, *CARDS]), has_gallery=st.booleans())
    def complete_a_session(self, minor: int, card: str | None, has_gallery: bool) -> None:
        job_id = f"j{len(self.studio.source.jobs) + 1}"
        galleries = (Gallery(f"g-{job_id}", "vsco", "Photos", "https://g.example"),) if has_gallery else ()
        changes: dict[str, Any] = {"galleries": galleries}
        if card:
            self.studio.consent(job_id, card)
            changes["collection_preference"] = "autopay"
        self.studio.session(job_id, order(f"o-{job_id}", minor), **changes)
        self.has_new_sessions = True

    @precondition(lambda self: self.open_links())
    @rule(which=ANY, tenths=SHARES)
    def pay_on_the_page(self, which: int, tenths: int) -> None:
        links = self.open_links()
        link_id = links[which % len(links)]
        amount = self.studio.gateway.links[link_id]["amount"]
        self.studio.gateway.pay(link_id, Money(max(1, amount.minor * tenths // 10), "EUR"))

    @rule(which=ANY, tenths=st.sampled_from([3, 7, 10, 11, 20]), back=st.sampled_from([1, 5, 10]), here=st.booleans())
    def more_than_is_owed_comes_and_goes_back(self, which: int, tenths: int, back: int, here: bool) -> None:
        """Paid beside the page: too much, perhaps, and then a part of it goes back."""
        invoice_id, number, due = self.pick_invoice(which)
        paid = max(1, due * tenths // 10)
        self.studio.gateway.receive(invoice_id, Money(paid, "EUR"))
        payment_id = f"pi_{len(self.studio.gateway.payments)}"
        self.hear()
        minor = max(1, paid * back // 10)
        if here:
            self.studio.ask("refund", number=number, amount_minor=minor)
            self.alive(lambda: self.studio.do(EffectKind.REFUND))
        else:
            self.studio.gateway.refund_elsewhere(payment_id, Money(minor, "EUR"))
        self.hear()

    @precondition(lambda self: self.captured())
    @rule(which=ANY)
    def the_provider_repeats_itself(self, which: int) -> None:
        """Another event of a payment whose story is known."""
        payment_id, _ = self.pick_captured(which)
        self.studio.gateway.tell("charge.updated", f"ch_{payment_id}", payment_id)
        self.hear()

    @precondition(lambda self: self.captured())
    @rule(which=ANY, tenths=SHARES)
    def refund_at_the_provider(self, which: int, tenths: int) -> None:
        payment_id, left = self.pick_captured(which)
        if left and not self.studio.gateway.disputes_of(payment_id):
            amount = Money(max(1, left * min(tenths, 10) // 10), "EUR")
            self.studio.gateway.refund_elsewhere(payment_id, amount)

    @precondition(lambda self: self.studio.gateway.refunds)
    @rule(which=ANY)
    def a_refund_comes_back(self, which: int) -> None:
        refunds = list(self.studio.gateway.refunds.values())
        refund = refunds[which % len(refunds)]
        if refund.status is RefundStatus.SUCCEEDED:
            self.studio.gateway.fail_refund(refund.refund_id)

    @precondition(lambda self: self.captured())
    @rule(which=ANY, is_inquiry=st.booleans(), tenths=SHARES)
    def dispute(self, which: int, is_inquiry: bool, tenths: int) -> None:
        payment_id, _ = self.pick_captured(which)
        if not self.studio.gateway.disputes_of(payment_id):
            minor = self.studio.gateway.payments[payment_id].fact.amount.minor * min(tenths, 10) // 10
            self.studio.gateway.dispute(payment_id, Money(max(1, minor), "EUR"), is_inquiry)

    @precondition(lambda self: self.studio.gateway.disputes)
    @rule(which=ANY, won=st.booleans(), escalates=st.booleans())
    def the_bank_goes_on(self, which: int, won: bool, escalates: bool) -> None:
        gateway = self.studio.gateway
        disputes = list(gateway.disputes.values())
        fact = disputes[which % len(disputes)]
        if fact.status is DisputeStatus.INQUIRY and escalates:
            gateway.escalate(fact.dispute_id)
        elif fact.status is DisputeStatus.INQUIRY:
            gateway.end_dispute(fact.dispute_id, DisputeStatus.INQUIRY_CLOSED)
        elif fact.status is DisputeStatus.OPEN:
            gateway.end_dispute(fact.dispute_id, DisputeStatus.WON if won else DisputeStatus.LOST)

    @precondition(lambda self: sum(m.net.minor for m in self.studio.gateway.movements) > 0)
    @rule()
    def pay_out(self) -> None:
        self.studio.gateway.pay_out()

    # What people in the studio do

    @rule(which=ANY, tenths=SHARES)
    def record_a_cheque(self, which: int, tenths: int) -> None:
        invoice_id, number, due = self.pick_invoice(which)
        minor = max(1, due * tenths // 10)
        said = self.studio.ask(
            "record_payment", number=number, amount_minor=minor, reference=f"cheque {self.steps}", method="cheque",
            received_on=self.studio.ctx.today().isoformat(),
        )  # fmt: skip
        self.model.cheques[invoice_id] += minor if said.startswith("Recorded") else 0

    @rule(which=ANY)
    def void(self, which: int) -> None:
        invoice_id, number, _ = self.pick_invoice(which)
        if self.studio.ask("void", number=number).startswith(f"{number} is void."):
            self.model.void.add(invoice_id)

    @rule(which=ANY, pauses=st.booleans())
    def pause_or_resume(self, which: int, pauses: bool) -> None:
        invoice_id, number, _ = self.pick_invoice(which)
        self.studio.ask("pause_reminders" if pauses else "resume_reminders", number=number)
        (self.model.paused.add if pauses else self.model.paused.discard)(invoice_id)

    @rule(which=ANY, what=st.sampled_from(["refund", "refund", "by_hand", "credit", "write_off"]), tenths=SHARES)
    def give_back_or_give_up(self, which: int, what: str, tenths: int) -> None:
        invoice_id, number, due = self.pick_invoice(which)
        minor = max(1, due * tenths // 10)
        if what != "by_hand":
            self.studio.ask(what, number=number, amount_minor=minor)
        elif self.studio.ask("refund", number=number, amount_minor=minor, by_hand="cash").endswith("are booked."):
            self.model.by_hand[invoice_id] += minor

    @rule(which=ANY, revokes=st.booleans())
    def object_to_a_charge(self, which: int, revokes: bool) -> None:
        if revokes:
            self.studio.ask("revoke_consent", client_id=f"c-j{1 + which % len(self.studio.source.jobs)}")
        else:
            self.studio.ask("stop_autopay", number=self.pick_invoice(which)[1])

    @rule(places=st.sampled_from([False, False, False, True]))
    def hold_or_release(self, places: bool) -> None:
        self.studio.ask("hold" if places else "release")
        self.model.held = places

    @rule(which=ANY)
    def answer_what_waits(self, which: int) -> None:
        """A person looks outside and settles a mail in doubt by what they saw, or has something failed tried again."""
        for effect in self.studio.effects(EffectKind.MAIL):
            if effect.state is EffectState.UNKNOWN:
                arrived = {mail.message_id for mail in self.studio.mailer.sent}
                there = message_id(effect.key, "northlight.example") in arrived
                self.studio.ask("settle", effect_id=effect.effect_id, happened="yes" if there else "no")
        failed = [effect for effect in self.studio.effects() if effect.state is EffectState.FAILED]
        if failed:
            self.studio.ask("retry", effect_id=failed[which % len(failed)].effect_id)

    # What the pipeline does

    @rule()
    def a_round(self) -> None:
        self.alive(self.round)

    @rule(days=st.sampled_from([0, 1, 4, 8, 15]))
    def a_day_of_work(self, days: int) -> None:
        self.studio.clock.go(days=days)
        plan_follow_ups(self.studio.ctx)
        self.studio.clock.go(seconds=1)
        self.alive(self.round)

    @rule(kinds=st.lists(st.sampled_from(list(EffectKind)), min_size=1, max_size=3))
    def work(self, kinds: list[EffectKind]) -> None:
        self.alive(lambda: self.studio.do(*kinds))

    @rule(kind=st.sampled_from([EffectKind.CHARGE, EffectKind.MAIL, EffectKind.REFUND]))
    def two_workers(self, kind: EffectKind) -> None:
        workers = [threading.Thread(target=self.alive, args=(lambda: self.studio.do(kind),)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    @rule()
    def bill(self) -> None:
        self.alive(self.studio.bill)

    @rule()
    def deliver(self) -> None:
        render_invoices(self.studio.ctx)
        plan_grants(self.studio.ctx)

    @rule()
    def poll(self) -> None:
        poll_events(self.studio.ctx)

    @rule(which=st.lists(ANY, min_size=1, max_size=4))
    def web_hooks_come(self, which: list[int]) -> None:
        """Late, early, doubled, in any order."""
        events = self.studio.gateway.events
        with self.studio.ledger.write() as uow:
            for number in which if events else ():
                uow.payments.keep_event("stripe", events[number % len(events)], self.studio.clock.now())

    @rule()
    def apply(self) -> None:
        apply_events(self.studio.ctx)

    @rule(which=ANY, stage=ANY, pauses=st.sampled_from([None, None, "before", "between"]))
    def a_reminder_falls_due(self, which: int, stage: int, pauses: str | None) -> None:
        """Somebody may pause it before it is decided on, or between that and its going out."""
        self.wait_for_a_stage(which, stage)
        if pauses == "before":
            self.pause_or_resume(which, pauses=True)
        plan_follow_ups(self.studio.ctx)
        if pauses == "between":
            self.pause_or_resume(which, pauses=True)
        self.studio.clock.go(seconds=1)
        self.alive(lambda: self.studio.do(EffectKind.MAIL))

    # What goes wrong

    @rule(hours=st.sampled_from([-30, -2, 1, 8, 24, 24, 24 * 7, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        hours = hours if self.may_be_set_back else abs(hours)
        self.set_back_by = max(0, self.set_back_by - hours)
        self.studio.clock.go(hours=hours)
        self.was_set_back |= hours < 0

    @rule(fault=st.sampled_from(FAULTS), how=st.sampled_from(["down", "refused", "lost before", "lost after"]))
    def a_call_will_fail(self, fault: tuple[EffectKind, str], how: str) -> None:
        error: dict[str, Exception] = {
            "down": TemporaryError("down", "The line is down."),
            "refused": PermanentError("stripe_refused", "Refused the request."),
        }
        lost = UnknownOutcomeError("time_out", "No answer came.")
        self.line(fault).fail(fault[1], error.get(how, lost), "after" if how == "lost after" else "before")

    @rule(fault=st.sampled_from([*MOVES, *MOVES, *FAULTS]), which=ANY)
    def an_answer_is_lost(self, fault: tuple[EffectKind, str], which: int) -> None:
        """It was done, and we never hear of it; the work goes on at once, and again when the time for that has come."""
        self.let_there_be_work(fault[0], which)
        self.line(fault).fail(fault[1], UnknownOutcomeError("time_out", "No answer came."), "after")
        for minutes in (1, 16):
            self.alive(lambda: self.do_what_waits(fault[0]))
            self.studio.clock.go(minutes=minutes)

    @rule(fault=st.sampled_from([*MOVES, *FAULTS]), when=st.sampled_from(["before", "after"]), which=ANY)
    def a_worker_dies(self, fault: tuple[EffectKind, str], when: str, which: int) -> None:
        self.let_there_be_work(fault[0], which)
        self.line(fault).fail(fault[1], Crash(), when)
        self.alive(lambda: self.studio.do(fault[0]))
        self.line(fault).faults.clear()
        self.studio.clock.go(minutes=6)

    # What must be true

    @invariant()
    def the_model_and_the_ledger_agree(self) -> None:
        self.steps += 1
        self.studio.clock.go(seconds=1)  # sql/checks tell before from after by the instant
        self.must_be_empty(unlike(self.studio, self.model, Said.by(self.studio), is_caught_up=False))
        if self.steps % CHECKS_EVERY == 0:
            self.must_be_empty(self.broken_promises())

    def teardown(self) -> None:
        """Everything is told, everybody answers: then the ledger knows all that happened."""
        self.catch_up()
        self.must_be_empty(unlike(self.studio, self.model, Said.by(self.studio), is_caught_up=True))
        self.must_be_empty(self.broken_promises())
        told = {subject for subject, _ in self.studio.open_items()}  # a person decides, and may take their time
        effects = [effect for effect in self.studio.effects() if effect.state in STILL_OPEN]
        effects = [effect for effect in effects if not self.waits_for_its_day(effect)]
        still = [effect.key for effect in effects if not {effect.key, effect.subject_id} & told]
        self.must_be_empty(still)
        with self.studio.ledger.read() as uow:
            alone = [row.invoice.number for row in uow.invoices.unpaid() if is_left_alone(uow, row, told)]
        self.must_be_empty([f"{number} is owed, and nothing asks for it" for number in alone])

    def catch_up(self) -> None:
        for side in ("gateway", "source", "host", "mailer"):
            getattr(self.studio, side).line.faults.clear()
        self.hold_or_release(places=False)
        self.studio.clock.go(hours=self.set_back_by)  # put right: what was decided later than now waits for its time
        for hours in (1, 7, 7, 25, 25):
            self.studio.clock.go(hours=hours)
            self.has_new_sessions = True
            self.answer_what_waits(0)
            self.round()
            if not any(effect.state in STILL_OPEN for effect in self.studio.effects()):
                poll_events(self.studio.ctx)
                if not apply_events(self.studio.ctx):
                    return

    def must_be_empty(self, wrong: list[str]) -> None:
        if wrong:  # pytest does not look into assertions here, so they say themselves what is wrong
            raise AssertionError("; ".join(wrong))

    def broken_promises(self) -> list[str]:
        now, names = self.studio.clock.now(), {path.stem for path in (MIGRATIONS.parent / "checks").glob("*.sql")}
        names -= OF_A_DAY | (BY_THE_CLOCK if self.was_set_back else set())
        checks = run_checks(self.ledger.engine, MIGRATIONS.parent, now=now, names=names)
        return [f"{check.name}: {check.violations[:2]}" for check in checks if not check.holds]

    # What there is to do

    def let_there_be_work(self, kind: EffectKind, which: int) -> None:
        if self.waits(kind, "'ready'"):
            return
        if kind is EffectKind.REFUND:
            self.give_back_or_give_up(which, "refund", tenths=1 + which % 10)
        else:
            card = "pm_good" if kind is EffectKind.CHARGE else None
            self.complete_a_session(minor=10_000, card=card, has_gallery=kind is EffectKind.GRANT)
            self.studio.bill()
            self.has_new_sessions = self.model.held
            if kind in (EffectKind.MAIL, EffectKind.CLOSE_PAY_LINK):
                self.alive(lambda: self.do_what_waits(EffectKind.PAY_LINK))
                render_invoices(self.studio.ctx)


STILL_OPEN = (EffectState.READY, EffectState.IN_FLIGHT, EffectState.UNKNOWN)
