"""The work of a studio in a random life: what the pipeline does once, without what has nothing to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

from fakes import Crash
from model_ledger import Model, glance
from studio import KINDS, LATER_KINDS, POLICY, Studio

from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.settlements import RefundStatus
from billing.services.automations.owner_digest import plan_owner_digest
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.invoicing.deliver_invoices import render_invoices

# The calls outside by which each kind acts, and whose line they go over.
CALLS = {
    EffectKind.PAY_LINK: ("gateway", ("create_pay_link",)),
    EffectKind.CLOSE_PAY_LINK: ("gateway", ("close_pay_link",)),
    EffectKind.CHARGE: ("gateway", ("prepare_charge", "confirm_charge")),
    EffectKind.REFUND: ("gateway", ("refund",)),
    EffectKind.WRITE_BACK: ("source", ("record_payment", "apply_payment")),
    EffectKind.GRANT: ("host", ("open_gallery",)),
    EffectKind.MAIL: ("mailer", ("send",)),
}
FAULTS = [(kind, call) for kind, (_, calls) in CALLS.items() for call in calls]
# Where a lost answer costs most: it is told of more often.
MOVES = [(EffectKind.MAIL, "send"), (EffectKind.CHARGE, "confirm_charge"), (EffectKind.REFUND, "refund")]
OPEN = "'ready', 'in_flight', 'unknown'"


class Work:
    """Mixed into the state machine, whose rules are what happens around it."""

    studio: Studio
    model: Model
    has_new_sessions: bool

    def round(self) -> None:
        """As studio.round, and leaves out what has nothing to do: most of its time goes into finding that out."""
        studio = self.studio
        if self.has_new_sessions:
            studio.bill()
            self.has_new_sessions = self.model.held
        self.do_what_waits(*KINDS)
        render_invoices(studio.ctx)
        self.hear()
        plan_grants(studio.ctx)
        plan_owner_digest(studio.ctx)
        self.do_what_waits(EffectKind.PAY_LINK, *LATER_KINDS)

    def do_what_waits(self, *kinds: EffectKind) -> None:
        for kind in kinds:
            if self.waits(kind):
                self.studio.do(kind)

    def waits(self, kind: EffectKind, states: str = OPEN) -> bool:
        sql = f"select 1 from effects where kind = '{kind.value}' and state in ({states}) limit 1"
        return bool(glance(self.studio, sql))

    def hear(self) -> None:
        poll_events(self.studio.ctx)
        apply_events(self.studio.ctx)

    def wait_for_a_stage(self, which: int, stage: int) -> None:
        """Until one of the next days on which the policy reminds of this invoice; none are left of an old one."""
        found = glance(self.studio, "select due_on from invoices order by number")
        due, today = date.fromisoformat(str(found[which % len(found)][0])), self.studio.ctx.today()
        days = [due.toordinal() + one.days - today.toordinal() for one in POLICY.dunning.stages]
        next_ones = [day for day in days if day >= 0][:2]
        self.studio.clock.go(days=next_ones[stage % len(next_ones)] if next_ones else 1)

    def alive(self, act: Callable[[], object]) -> None:
        """A worker may die in the middle of it."""
        try:
            act()
        except Crash:
            self.studio.clock.go(minutes=6)

    def line(self, fault: tuple[EffectKind, str]) -> Any:
        return getattr(self.studio, CALLS[fault[0]][0]).line

    def open_links(self) -> list[str]:
        return [link_id for link_id, link in self.studio.gateway.links.items() if link["open"]]

    def captured(self) -> list[str]:
        return [payment_id for payment_id, it in self.studio.gateway.payments.items() if it.fact.amount]

    def pick_captured(self, which: int) -> tuple[str, int]:
        """A payment and what was not refunded of it."""
        captured, gone = self.captured(), Counter[str]()
        for refund in self.studio.gateway.refunds.values():
            gone[refund.payment_id] += refund.amount.minor if refund.status is RefundStatus.SUCCEEDED else 0
        payment_id = captured[which % len(captured)]
        return payment_id, self.studio.gateway.payments[payment_id].fact.amount.minor - gone[payment_id]

    def invoices(self) -> list[tuple[str, str, int]]:
        return glance(self.studio, "select invoice_id, number, amount_due_minor from invoices order by number")

    def pick_invoice(self, which: int) -> tuple[str, str, int]:
        found = self.invoices()
        return found[which % len(found)]

    def waits_for_its_day(self, effect: Effect) -> bool:
        """A charge that was announced, or whose invoice a person has paused."""
        is_paused = effect.subject_id in self.model.paused
        is_to_come = effect.not_before is not None and effect.not_before > self.studio.clock.now()
        return effect.kind is EffectKind.CHARGE and effect.state is EffectState.READY and (is_paused or is_to_come)
