"""Sending one mail: written at the moment of sending from what the ledger then says, after one more look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.domain.effects import Effect, EffectState, Outcome, message_id
from billing.domain.errors import PermanentError
from billing.domain.events import DomainEvent
from billing.domain.invoices import document_file_name
from billing.domain.mail import (
    TO_THE_OWNER,
    Attachment,
    InvoiceMail,
    Mail,
    MailContent,
    MailKind,
    kind_of_mail,
    owed_in,
    page_in,
)
from billing.domain.settlements import RefundStatus
from billing.ports.correspondence import SentMail
from billing.ports.ledger import UnitOfWork
from billing.services.access.galleries import is_being_closed
from billing.services.automations.owner_digest import why_no_digest
from billing.services.collections.addresses import emails_for
from billing.services.collections.follow_up import follow_up_state
from billing.services.collections.tell_balance import why_not_told
from billing.services.collections.unusable_addresses import note_refused
from billing.services.context import Context
from billing.services.effects.mail_contents import content_of
from billing.services.effects.pay_link import why_not_payable


@dataclass(frozen=True, slots=True)
class _Sent:
    to: tuple[str, ...]
    balance_minor: int | None = None
    pay_url: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)  # those that the server did not take, with its words


class _Mail:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        kind = kind_of_mail(effect.purpose)
        if kind in (MailKind.OWNER_ALERT, MailKind.RECEIPT):
            return None
        if kind is MailKind.OWNER_DIGEST:
            return why_no_digest(ctx, uow, effect)
        if kind is MailKind.GALLERY:
            return _why_gallery_is_closed(uow, effect)
        if kind is MailKind.REFUND:
            return _why_not_refunded(uow, effect)
        row = uow.invoices.get(effect.text("invoice_id"))
        if kind is MailKind.BALANCE and row:
            return why_not_told(uow, row, of_void=bool(effect.number("of_void")))
        if kind is MailKind.INVOICE and row and not row.is_void:
            return None  # paid or not: it is theirs to keep, and says how it stands
        return why_not_payable(row) or self._why_not_remind(ctx, uow, effect, kind)

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        with ctx.ledger.read() as uow:
            content, to = content_of(ctx, uow, effect), _addressees(ctx, uow, effect)
            attachments = _attachments(uow, content)
        domain = ctx.policy.sender.rpartition("@")[2].rstrip(">") or "localhost"
        mail = Mail(
            message_id=message_id(effect.key, domain),
            sender=ctx.policy.sender,
            to=to,
            letter=ctx.writer.write(content),
            attachments=attachments,
            reply_to=ctx.policy.studio.email or None,
        )
        refused = ctx.mailer.send(mail)
        owed = owed_in(content)
        sent = _Sent(to, owed.balance_minor if owed else None, page_in(content), refused)
        return Outcome(EffectState.DONE, "accepted", ", ".join(to), reference=mail.message_id, result=sent)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        """Keep that it went out, and what it said. Of one that a person has settled only they know."""
        if outcome.state is not EffectState.DONE:
            return
        sent, kind, now = outcome.result, kind_of_mail(effect.purpose), ctx.now()
        if not isinstance(sent, _Sent):
            sent = _Sent(_addressees(ctx, uow, effect))
        invoice_id = None if kind in TO_THE_OWNER else effect.text("invoice_id")
        to = ", ".join(sent.to)
        row = SentMail(effect.effect_id, kind, invoice_id, to, sent.balance_minor, now, sent.pay_url)
        uow.correspondence.add_sent(row)
        body: dict[str, str | int | None] = {"purpose": effect.purpose, "to": to}
        uow.journal.record_event(
            DomainEvent(f"sent:{effect.key}", f"{kind.value}_sent", effect.subject_id, now, body=body)
        )
        note_refused(ctx, uow, effect, sent.to, sent.refused)

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        """A mail server does not tell what it has accepted: only a person can look."""
        return Outcome(EffectState.UNKNOWN, "no_evidence", "the mail server cannot be asked what it accepted")

    def _why_not_remind(self, ctx: Context, uow: UnitOfWork, effect: Effect, kind: MailKind) -> str | None:
        if kind is not MailKind.REMINDER:
            return None
        if effect.text("remind_on") != ctx.today().isoformat():
            return f"it was meant for {effect.text('remind_on')}; the policy decides anew"
        state = follow_up_state(ctx, uow, uow.invoices.require(effect.subject_id))
        reasons = {
            "reminders are paused": state.is_paused,
            "a dispute is open": state.is_disputed,
            "an attempt to pay is open": state.payment_unknown,
            "the card on file is still tried": state.on_autopay,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


def _addressees(ctx: Context, uow: UnitOfWork, effect: Effect) -> tuple[str, ...]:
    kind = kind_of_mail(effect.purpose)
    if kind not in TO_THE_OWNER:
        return emails_for(uow, uow.invoices.require(effect.text("invoice_id")), kind)
    if not ctx.policy.owner_email:
        raise PermanentError("no_owner", "There is nobody to write to: BILLING_OWNER_EMAIL is empty.")
    return (ctx.policy.owner_email,)


def _why_gallery_is_closed(uow: UnitOfWork, effect: Effect) -> str | None:
    open_ones = uow.grants.of_invoice(effect.text("invoice_id"))
    grant = next((grant for grant in open_ones if grant.grant_id == effect.subject_id), None)
    return "the gallery was closed again" if grant is None or is_being_closed(uow, grant) else None


def _why_not_refunded(uow: UnitOfWork, effect: Effect) -> str | None:
    refunds = uow.settlements.refunds_of(effect.text("invoice_id"))
    status = next((refund.status for refund in refunds if refund.refund_id == effect.subject_id), None)
    return None if status is RefundStatus.SUCCEEDED else "the refund did not reach the client"


def _attachments(uow: UnitOfWork, content: MailContent) -> tuple[Attachment, ...]:
    if not isinstance(content, InvoiceMail):
        return ()
    pdf = uow.documents.content(content.invoice.invoice_id, "invoice")
    if pdf is None:
        raise PermanentError("no_document", f"Invoice {content.invoice.number} has no PDF yet.")
    return (Attachment(document_file_name(str(content.invoice.number)), pdf),)


MAIL = _Mail()
