"""What each mail says: its content turned into sentences, before it is set as plain text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from billing.adapters.documents.names import isolated
from billing.adapters.documents.wording import Wording, wording_for
from billing.domain.invoices import Invoice, Studio
from billing.domain.mail import (
    GalleryMail,
    InvoiceMail,
    MailContent,
    OwnerAlert,
    PaymentFailedMail,
    ReceiptMail,
    RefundMail,
    ReminderMail,
)
from billing.domain.money import Money

_SECOND_REMINDER_DAYS, _THIRD_REMINDER_DAYS = 5, 11  # so that 3, 7 and 14 days late each get a tone of their own


@dataclass(frozen=True, slots=True)
class Draft:
    """One letter in sentences. `headline` is the one large line; `facts` are pairs like ("Password", "lilac-42")."""

    wording: Wording
    studio: Studio
    subject: str
    addressee: str
    headline: str
    headline_note: str
    opening: tuple[str, ...]
    button: tuple[str, str] | None = None
    facts: tuple[tuple[str, str], ...] = ()
    closing: tuple[str, ...] = ()


@singledispatch
def draft(content: MailContent) -> Draft:
    """The letter for any of the seven contents, in the language of its invoice."""
    raise TypeError(f"no letter is known for {type(content).__name__}")


@draft.register
def _invoice(mail: InvoiceMail) -> Draft:
    voice = _Voice(mail.invoice)
    amount = mail.invoice.amount_due
    opening = [voice.say("invoice.thanks")]
    if mail.invoice.deductions:
        paid = Money(mail.invoice.total_minor - mail.invoice.amount_due_minor, mail.invoice.currency)
        opening.append(voice.say("invoice.deducted", paid=voice.coded(paid)))
    if amount.minor <= 0:
        opening.append(voice.say("invoice.settled"))
        return voice.draft("invoice.subject_settled", headline_note=voice.say("sheet.nothing_due"), opening=opening)
    if mail.pay_url is None:
        return _autopay(voice, opening)
    return voice.draft(
        "invoice.subject",
        headline_note=voice.say("letter.due"),
        opening=[*opening, voice.say("invoice.ask")],
        button=(voice.say("letter.pay", amount=voice.wording.money(amount)), mail.pay_url),
    )


def _autopay(voice: _Voice, opening: list[str]) -> Draft:
    card = voice.wording.method(voice.invoice.card_label or "")
    sentence = voice.say("invoice.autopay", card=isolated(card)) if card else voice.say("invoice.autopay_cardless")
    return voice.draft(
        "invoice.subject_autopay", headline_note=voice.say("invoice.charged"), opening=[*opening, sentence]
    )


@draft.register
def _receipt(mail: ReceiptMail) -> Draft:
    voice = _Voice(mail.invoice)
    received = Money(mail.amount_minor, mail.invoice.currency)
    values = {"amount": voice.coded(received), "date": voice.wording.full_date(mail.paid_on)}
    balance = Money(mail.balance_minor, mail.invoice.currency)
    remaining = voice.say("receipt.remaining", balance=voice.coded(balance))
    pay_rest = voice.say("letter.pay", amount=voice.wording.money(balance))
    return voice.draft(
        "receipt.subject",
        subject_values=values,
        headline=voice.wording.money(received),
        headline_note=voice.say("receipt.received", **values),
        opening=[
            voice.say("receipt.thanks", method=isolated(voice.wording.method(mail.method_label)), **values),
            remaining if mail.balance_minor > 0 else voice.say("receipt.settled"),
        ],
        button=(pay_rest, mail.pay_url) if mail.pay_url else None,
    )


@draft.register
def _refund(mail: RefundMail) -> Draft:
    voice = _Voice(mail.invoice)
    back = Money(mail.amount_minor, mail.invoice.currency)
    values = {"amount": voice.coded(back), "date": voice.wording.full_date(mail.refunded_on)}
    still_open = voice.say("refund.still_open", balance=voice.coded(Money(mail.balance_minor, mail.invoice.currency)))
    when = [] if mail.is_by_hand else [voice.say("refund.when")]
    return voice.draft(
        "refund.subject",
        subject_values=values,
        headline=voice.wording.money(back),
        headline_note=voice.say("refund.headline", **values),
        opening=[
            voice.say("refund.sent", method=isolated(voice.wording.method(mail.method_label)), **values),
            *when,
            still_open if mail.balance_minor > 0 else voice.say("refund.nothing_open"),
        ],
    )


@draft.register
def _reminder(mail: ReminderMail) -> Draft:
    voice = _Voice(mail.invoice)
    tone = _tone(mail)
    balance = Money(mail.balance_minor, mail.invoice.currency)
    paid = Money(mail.invoice.total_minor - mail.balance_minor, mail.invoice.currency)
    values = {"balance": voice.coded(balance), "paid": voice.coded(paid)}
    subject = {"before": "before", "today": "today", "last": "last"}.get(tone, "late")
    return voice.draft(
        f"reminder.subject_{subject}",
        subject_values=values,
        headline=voice.wording.money(balance),
        headline_note=voice.say("letter.was_due" if mail.days_past_due > 0 else "letter.due"),
        opening=[voice.say(f"reminder.{key}", **values) for key in ([tone, "partial"] if paid.minor > 0 else [tone])],
        button=(voice.say("letter.pay", amount=voice.wording.money(balance)), mail.pay_url),
        closing=[voice.say("reminder.crossed")] if mail.days_past_due > 0 else [],
    )


def _tone(mail: ReminderMail) -> str:
    if mail.is_last:
        return "last"
    if mail.days_past_due <= 0:
        return "before" if mail.days_past_due < 0 else "today"
    if mail.days_past_due < _SECOND_REMINDER_DAYS:
        return "late_first"
    return "late_second" if mail.days_past_due < _THIRD_REMINDER_DAYS else "late_third"


@draft.register
def _payment_failed(mail: PaymentFailedMail) -> Draft:
    voice = _Voice(mail.invoice)
    case = "confirm" if mail.must_authenticate else "card"
    balance = Money(mail.balance_minor, mail.invoice.currency)
    values = {"amount": voice.coded(balance)}
    opening = [voice.say(f"payment_failed.{case}", **values)]
    if not mail.must_authenticate:
        opening.append(voice.say("payment_failed.another"))
    return voice.draft(
        f"payment_failed.subject_{case}",
        subject_values=values,
        headline=voice.wording.money(balance),
        headline_note=voice.say(f"payment_failed.headline_{case}"),
        opening=opening,
        button=(voice.say(f"payment_failed.button_{case}"), mail.pay_url),
    )


@draft.register
def _gallery(mail: GalleryMail) -> Draft:
    voice = _Voice(mail.invoice)
    how_to_open = ["gallery.how_view"] + (["gallery.how_password"] if mail.password else [])
    keys = [*how_to_open, "gallery.how_pin" if mail.pin else "gallery.how_download"]
    closing = [" ".join(voice.say(key) for key in keys)]
    if mail.expires_on:
        closing.append(voice.say("gallery.expires", date=voice.wording.full_date(mail.expires_on)))
    closing.append(voice.say("gallery.share" if mail.password else "gallery.share_link"))
    secrets = (("gallery.password", mail.password), ("gallery.pin", mail.pin))
    return voice.draft(
        "gallery.subject",
        subject_values={"gallery": isolated(mail.gallery_name)},
        headline=isolated(mail.gallery_name),
        opening=[voice.say("gallery.ready"), voice.say("gallery.open_link")],
        button=(voice.say("gallery.button"), mail.url),
        facts=tuple((voice.say(label), secret) for label, secret in secrets if secret),
        closing=closing,
    )


@draft.register
def _owner_alert(alert: OwnerAlert) -> Draft:
    wording = wording_for("en", alert.studio.country)  # the house's own voice; its sentences are in English
    return Draft(
        wording=wording,
        studio=alert.studio,
        subject=wording.say("owner_alert.subject", title=isolated(alert.title)),
        addressee="",
        headline=isolated(alert.title),
        headline_note=wording.say("owner_alert.since", when=wording.instant(alert.occurred_at)),
        opening=tuple(isolated(sentence) for sentence in alert.sentences),
    )


class _Voice:
    """Speaks about one invoice: the words most sentences need are filled in."""

    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        self.wording = wording_for(invoice.language, invoice.studio.country)
        self._known = {
            "number": isolated(invoice.number or self.wording.say("sheet.draft")),
            "studio": isolated(invoice.studio.name),
            "occasion": self._occasion(),
            "amount": self.coded(invoice.amount_due),
            "total": self.coded(invoice.total),
            "date": self.wording.full_date(invoice.due_on),
            "day": self.wording.day(invoice.due_on),
        }

    def say(self, key: str, **values: str) -> str:
        return self.wording.say(key, **{**self._known, **values})

    def coded(self, money: Money) -> str:
        return self.wording.coded(money)

    def draft(
        self,
        subject_key: str,
        *,
        opening: list[str],
        headline: str | None = None,
        headline_note: str = "",
        subject_values: dict[str, str] | None = None,
        button: tuple[str, str] | None = None,
        facts: tuple[tuple[str, str], ...] = (),
        closing: list[str] | None = None,
    ) -> Draft:
        """A letter to the invoice's client; the headline is the amount due unless it is something else."""
        return Draft(
            wording=self.wording,
            studio=self.invoice.studio,
            subject=self.say(subject_key, **(subject_values or {})),
            addressee=isolated(self.invoice.client.name),
            headline=self.wording.money(self.invoice.amount_due) if headline is None else headline,
            headline_note=headline_note,
            opening=tuple(opening),
            button=button,
            facts=facts,
            closing=(*(closing or []), self.say("letter.questions")),
        )

    def _occasion(self) -> str:
        session = self.invoice.session
        name = isolated(session.name)
        if session.session_on is None:
            return name
        return self.wording.say("letter.occasion", session=name, date=self.wording.full_date(session.session_on))
