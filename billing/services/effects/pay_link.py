"""Opening and closing the page on which the client pays one fixed amount once."""

from __future__ import annotations

from datetime import timedelta

from billing.domain.effects import Effect, EffectKind, EffectState, Outcome
from billing.domain.mail import MailKind
from billing.domain.money import Money
from billing.domain.payments import NextStep, PayLink
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.collections.asking_again import close_link_intent, ensure_pay_link, is_disputed
from billing.services.collections.autopay import INSTEAD_OF_CHARGE, NOT_CHARGED
from billing.services.collections.owed import is_undecided
from billing.services.context import Context
from billing.services.effects.evidence import STILL_UNDER_WAY, may_be_there, not_done, turn
from billing.services.invoicing.deliver_invoices import mail_intent


class _PayLink:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        if effect.attempts > 1:
            return None  # a page may be there by an earlier try: `act` looks, and what follows closes it
        return self._why_not(uow, effect)

    def _why_not(self, uow: UnitOfWork, effect: Effect) -> str | None:
        row = uow.invoices.get(effect.subject_id)
        reason = why_not_payable(row)
        if reason is None and row is not None and row.balance_minor != effect.number("amount_minor"):
            return f"invoice {row.invoice.number} is open for another amount now"
        if reason is None and is_disputed(uow, effect.subject_id):
            return "a dispute is open"
        if reason is None and is_undecided(uow, effect.subject_id):
            return "a person decides first what is owed"
        return reason

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        with ctx.ledger.read() as uow:
            row = uow.invoices.require(effect.subject_id)
            reason, look = self._why_not(uow, effect), may_be_there(uow, effect)
        link = ctx.gateway.find_pay_link(effect.subject_id, effect.key) if look else None
        if link is None and reason is not None:
            return Outcome(EffectState.CANCELLED, "unwanted", reason)
        amount = Money(effect.number("amount_minor"), effect.text("currency"))
        link = link or ctx.gateway.create_pay_link(row.invoice, amount, effect.key, turn(effect))
        return _made(link)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        now = ctx.now()
        if outcome.state is EffectState.CANCELLED and not self._why_not(uow, effect):
            # What stood in the way has ended since we looked; who ended it saw us at work.
            ensure_pay_link(uow, uow.invoices.require(effect.subject_id), f"given_up:{effect.effect_id}", now)
        if outcome.state is not EffectState.DONE or outcome.reference is None:
            return
        amount = Money(effect.number("amount_minor"), effect.text("currency"))
        link = PayLink(outcome.reference, outcome.detail)
        uow.pay_links.add(effect.subject_id, link, amount, now)
        if self._why_not(uow, effect):  # paid, voided or changed while the link was being made
            uow.effects.intend(close_link_intent(link, uow.invoices.require(effect.subject_id)), now)
        elif effect.purpose.startswith("after_charge:"):
            self._tell_client(ctx, uow, effect)
        elif effect.purpose == INSTEAD_OF_CHARGE:
            self._tell_of_page(ctx, uow, effect)

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        """The provider's list of pages answers: it may forget a key, or keep a failure under it, but no page."""
        link = ctx.gateway.find_pay_link(effect.subject_id, effect.key)
        if link is not None:
            return _made(link)
        with ctx.ledger.read() as uow:
            reason = self._why_not(uow, effect)
        # One that is not wanted any more is looked for once more, when no request for it can be under way.
        after = STILL_UNDER_WAY if reason else timedelta()
        return not_done(ctx, effect, "never_created", reason or "no page was made", after=after)

    def _tell_client(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> None:
        row = uow.invoices.require(effect.subject_id)
        step = effect.purpose.removeprefix("after_charge:")
        must = int(step == NextStep.CLIENT_MUST_AUTHENTICATE)
        mail = mail_intent(row, MailKind.PAYMENT_FAILED, row.invoice.invoice_id, must_authenticate=must)
        uow.effects.intend(mail, ctx.now())

    def _tell_of_page(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> None:
        """The invoice's own mail says it all where it is still to go out; else it goes out again, with the page."""
        mails = uow.effects.of_subject(effect.subject_id, EffectKind.MAIL)
        told = [mail for mail in mails if mail.purpose == MailKind.INVOICE and mail.state is not EffectState.READY]
        if told:
            row = uow.invoices.require(effect.subject_id)
            again = mail_intent(row, MailKind.INVOICE, row.invoice.invoice_id, NOT_CHARGED)
            uow.effects.intend(again, ctx.now())


def _made(link: PayLink) -> Outcome:
    return Outcome(EffectState.DONE, "created", link.url, reference=link.link_id)


class _ClosePayLink:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        return None

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        ctx.gateway.close_pay_link(effect.subject_id)
        return Outcome(EffectState.DONE, "closed", reference=effect.subject_id)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            uow.pay_links.close(effect.subject_id, ctx.now())

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        return self.act(ctx, effect)  # closing a closed link does nothing


def why_not_payable(row: InvoiceRow | None) -> str | None:
    """The reason for which no money may be asked for; None if it may."""
    if row is None:
        return "the invoice is not in the ledger"
    if row.is_void:
        return f"invoice {row.invoice.number} is void"
    if row.balance_minor <= 0:
        return f"invoice {row.invoice.number} is paid"
    return None


PAY_LINK = _PayLink()
CLOSE_PAY_LINK = _ClosePayLink()
