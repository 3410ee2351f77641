"""Opening and closing the page on which the client pays one fixed amount once."""

from __future__ import annotations

from datetime import timedelta

from billing.domain.effects import Effect, EffectState, Outcome
from billing.domain.mail import MailKind
from billing.domain.money import Money
from billing.domain.payments import NextStep, PayLink
from billing.ports.ledger import Books, InvoiceRow
from billing.services.deliver_invoices import mail_intent
from billing.services.house import House
from billing.services.record_payments import close_link_intent

KEY_IS_KNOWN_FOR = timedelta(hours=24)  # after that the same call would make a second page


class _PayLink:
    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        row = books.invoices.get(effect.subject_id)
        reason = why_not_payable(row)
        if reason is None and row is not None and row.balance_minor != effect.number("amount_minor"):
            return f"invoice {row.invoice.number} is open for another amount now"
        return reason

    def act(self, house: House, effect: Effect) -> Outcome:
        with house.ledger.read() as books:
            row = books.invoices.require(effect.subject_id)
        amount = Money(effect.number("amount_minor"), effect.text("currency"))
        link = house.gateway.create_pay_link(row.invoice, amount, effect.key)
        return Outcome(EffectState.DONE, "created", link.url, reference=link.link_id)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is not EffectState.DONE or outcome.reference is None:
            return
        now = house.now()
        amount = Money(effect.number("amount_minor"), effect.text("currency"))
        link = PayLink(outcome.reference, outcome.detail)
        books.invoices.add_pay_link(effect.subject_id, link, amount, now)
        if self.unwanted(house, books, effect):  # paid, voided or changed while the link was being made
            books.effects.intend(close_link_intent(link, books.invoices.require(effect.subject_id)), now)
        elif effect.purpose.startswith("after_charge:"):
            self._tell_client(house, books, effect)

    def ask(self, house: House, effect: Effect) -> Outcome:
        with house.ledger.read() as books:
            reason = self.unwanted(house, books, effect)
        if reason is not None and house.now() - effect.created_at > KEY_IS_KNOWN_FOR:
            detail = f"{reason}, and a page to pay it may be open at Stripe: deactivate it there if it is"
            return Outcome(EffectState.UNKNOWN, "unwanted", detail)
        # The provider keeps the first answer to our key, so the same call again is the question. Nobody has been told
        # of the page; if it is not wanted any more, what follows closes it.
        return self.act(house, effect)

    def _tell_client(self, house: House, books: Books, effect: Effect) -> None:
        row = books.invoices.require(effect.subject_id)
        step = effect.purpose.removeprefix("after_charge:")
        must = int(step == NextStep.CLIENT_MUST_AUTHENTICATE)
        mail = mail_intent(books, row, MailKind.PAYMENT_FAILED, row.invoice.invoice_id, must_authenticate=must)
        books.effects.intend(mail, house.now())


class _ClosePayLink:
    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        return None

    def act(self, house: House, effect: Effect) -> Outcome:
        house.gateway.close_pay_link(effect.subject_id)
        return Outcome(EffectState.DONE, "closed", reference=effect.subject_id)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            books.invoices.close_pay_link(effect.subject_id, house.now())

    def ask(self, house: House, effect: Effect) -> Outcome:
        return self.act(house, effect)  # closing a closed link does nothing


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
