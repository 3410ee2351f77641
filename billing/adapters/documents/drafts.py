"""What each mail says: its content turned into sentences, before it is set as plain text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import singledispatch
from urllib.parse import quote

from billing.adapters.documents.names import isolated
from billing.adapters.documents.wording import Wording, wording_for
from billing.domain.invoices import Invoice, Studio
from billing.domain.mail import (
    BalanceMail,
    GalleryMail,
    InvoiceMail,
    MailContent,
    Owed,
    PaymentFailedMail,
    ReceiptMail,
    RefundMail,
    ReminderMail,
)
from billing.domain.money import Money

_SECOND_REMINDER_DAYS, _THIRD_REMINDER_DAYS = 5, 11  # so that 3, 7 and 14 days late each get a tone of their own


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: whom it is about, what is said of it, and what it comes to."""

    about: str
    note: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A list with its head: how many there are and what they come to, once a currency. `more`: those not named."""

    title: str
    count: str
    amounts: tuple[str, ...] = ()
    note: str = ""
    rows: tuple[Row, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One letter in sentences. `headline` is the one large line; `facts` are pairs like ("Password", "lilac-42").

    Without `closing` it is signed by nobody. `for_the_operator` stands at the end, small: words of programs, commands.
    """

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
    sections: tuple[Section, ...] = ()
    for_the_operator: tuple[str, ...] = ()


@singledispatch
def draft(content: MailContent) -> Draft:
    """The letter for any of the contents, in the language of its invoice."""
    raise TypeError(f"no letter is known for {type(content).__name__}")


@draft.register
def _invoice(mail: InvoiceMail) -> Draft:
    voice = _Voice(mail.invoice, mail.owed)
    opening = [voice.say("invoice.thanks"), *voice.so_far()]
    if mail.owed.balance_minor <= 0:
        how = "nothing_due" if mail.owed.credited_minor or mail.owed.is_void else "paid"
        return voice.draft(
            f"invoice.subject_{how}",
            headline_note=voice.say(f"letter.{how}"),
            opening=[*opening, voice.say(f"invoice.{how}")],
        )
    if mail.owed.charge_on:
        return _autopay(voice, mail.owed.charge_on, opening)
    if mail.is_not_charged:
        opening.append(voice.say("invoice.not_charged"))
    late = "_late" if voice.is_late else ""
    return voice.draft(
        f"invoice.subject{late}",
        headline_note=voice.due(),
        opening=[*opening, voice.say(f"invoice.ask{late}")],
        button=voice.pay_button(mail.pay_url),
    )


def _autopay(voice: _Voice, charge_on: date, opening: list[str]) -> Draft:
    card = voice.wording.method(voice.invoice.card_label or "")
    way = "autopay" if card else "autopay_cardless"
    said = voice.say(f"invoice.{way}", card=isolated(card), **voice.of_day(charge_on))
    return _charged(voice, charge_on, "invoice.subject_autopay", [*opening, said])


def _charged(voice: _Voice, charge_on: date, subject_key: str, opening: list[str]) -> Draft:
    """A charge is announced, with a way to object to it where there is time for that."""
    days, objecting = voice.of_day(charge_on), voice.objection() if voice.may_object else None
    return voice.draft(
        subject_key,
        subject_values=days,
        headline_note=voice.say("invoice.charged", **days),
        opening=[*opening, *([voice.say("invoice.object", **days)] if objecting else [])],
        button=objecting,
    )


@draft.register
def _receipt(mail: ReceiptMail) -> Draft:
    voice = _Voice(mail.invoice, mail.owed)
    received = voice.coded(Money(mail.amount_minor, mail.invoice.currency))
    values = {"amount": received, "date": voice.wording.full_date(mail.paid_on), "by": voice.by(mail.method_label)}
    return voice.draft(
        "receipt.subject",
        subject_values=values,
        headline=received,
        headline_note=voice.say("receipt.received", **values),
        opening=[voice.say("receipt.thanks", **values), *_after_a_payment(voice)],
        button=voice.pay_button(mail.pay_url),
    )


def _after_a_payment(voice: _Voice) -> list[str]:
    owed = voice.owed
    if owed is None:
        return []
    if owed.is_void:
        return [voice.say("receipt.void")]
    if owed.charge_on:
        return [voice.say("receipt.charged", date=voice.wording.full_date(owed.charge_on))]
    if owed.balance_minor > 0:
        return [voice.say("receipt.remaining_late" if voice.is_late else "receipt.remaining")]
    return [voice.say("receipt.nothing_open" if owed.credited_minor else "receipt.settled")]


@draft.register
def _refund(mail: RefundMail) -> Draft:
    voice = _Voice(mail.invoice, mail.owed)
    back = voice.coded(Money(mail.amount_minor, mail.invoice.currency))
    values = {"amount": back, "date": voice.wording.full_date(mail.refunded_on), "by": voice.by(mail.method_label)}
    opening = [voice.say("refund.sent", **values)]
    if not mail.is_by_hand:
        opening.append(voice.say("refund.when"))
    if mail.owed:
        opening.append(voice.say("refund.still_open" if mail.owed.balance_minor > 0 else "refund.nothing_open"))
    return voice.draft(
        "refund.subject",
        subject_values=values,
        headline=back,
        headline_note=voice.say("refund.headline", **values),
        opening=opening,
        button=voice.pay_button(mail.pay_url),
    )


@draft.register
def _reminder(mail: ReminderMail) -> Draft:
    voice = _Voice(mail.invoice, mail.owed)
    tone = _tone(mail)
    subject = {"before": "before", "today": "today", "last": "last"}.get(tone, "late")
    opening = [voice.say(f"reminder.{tone}")]
    if mail.owed.paid_minor > 0:
        opening.append(voice.say("reminder.partial"))
    return voice.draft(
        f"reminder.subject_{subject}",
        headline_note=voice.due(),
        opening=opening,
        button=voice.pay_button(mail.pay_url),
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
    voice = _Voice(mail.invoice, mail.owed)
    case = "confirm" if mail.must_authenticate else "card"
    opening = [voice.say(f"payment_failed.{case}")]
    if not mail.must_authenticate:
        opening.append(voice.say("payment_failed.another"))
    return voice.draft(
        f"payment_failed.subject_{case}",
        headline_note=voice.say(f"payment_failed.headline_{case}"),
        opening=opening,
        button=(voice.say(f"payment_failed.button_{case}"), mail.pay_url),
    )


@draft.register
def _balance(mail: BalanceMail) -> Draft:
    voice = _Voice(mail.invoice, mail.owed)
    if mail.owed.is_void:
        opening = [voice.say("balance.void")]
        if mail.owed.paid_minor > 0:
            opening.append(voice.say("balance.credit"))
        head, note = voice.say("balance.headline_void"), voice.say("balance.headline_void_note")
        return voice.draft("balance.subject_void", headline=head, headline_note=note, opening=opening)
    if mail.owed.balance_minor <= 0:
        opening = [voice.say("balance.nothing"), *voice.so_far()]
        return voice.draft("balance.subject_nothing", headline_note=voice.say("letter.nothing_due"), opening=opening)
    if mail.owed.charge_on:
        said = voice.say("balance.charged", **voice.of_day(mail.owed.charge_on))
        return _charged(voice, mail.owed.charge_on, "balance.subject_charged", [said, *voice.so_far()])
    key = "amount" if mail.is_another_amount else "page"
    opening = [voice.say(f"balance.{key}_late" if voice.is_late else f"balance.{key}"), *voice.so_far()]
    if mail.pay_url:
        opening.append(voice.say("balance.link"))
    return voice.draft(
        f"balance.subject_{key}",
        headline_note=voice.due(),
        opening=opening,
        button=voice.pay_button(mail.pay_url),
    )


@draft.register
def _gallery(mail: GalleryMail) -> Draft:
    voice = _Voice(mail.invoice, None)
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


class _Voice:
    """Speaks about one invoice: the words most sentences need are filled in. Money is written one way, with its code.

    `owed`: how the invoice stands; None where the letter is not to say.
    """

    def __init__(self, invoice: Invoice, owed: Owed | None) -> None:
        self.invoice, self.owed = invoice, owed
        self.wording = wording_for(invoice.language, invoice.studio.country)
        self._known = {
            "number": isolated(invoice.number or self.wording.say("sheet.draft")),
            "studio": isolated(invoice.studio.name),
            "occasion": self._occasion(),
            "total": self.coded(invoice.total),
            "date": self.wording.full_date(invoice.due_on),
            "day": self.wording.day(invoice.due_on),
        }
        if owed:
            amounts = {"balance": owed.balance_minor, "paid": owed.paid_minor, "credited": owed.credited_minor}
            self._known |= {name: self.coded(Money(minor, invoice.currency)) for name, minor in amounts.items()}

    @property
    def is_late(self) -> bool:
        return self.owed is not None and self.owed.as_of > self.invoice.due_on

    @property
    def may_object(self) -> bool:
        """Whether days lie between this letter and the charge that it announces, and there is somebody to write to."""
        owed = self.owed
        return bool(owed and owed.charge_on and owed.charge_on > owed.as_of and self.invoice.studio.email)

    def objection(self) -> tuple[str, str]:
        """A button that opens the reply by which a client says that their card must not be charged."""
        address = quote(self.invoice.studio.email, safe="@")
        subject, body = (quote(self.say(f"invoice.objection_{part}")) for part in ("subject", "body"))
        return self.say("invoice.object_button"), f"mailto:{address}?subject={subject}&body={body}"

    def of_day(self, day: date) -> dict[str, str]:
        """A day as sentences and subjects name it."""
        return {"date": self.wording.full_date(day), "day": self.wording.day(day)}

    def say(self, key: str, **values: str) -> str:
        return self.wording.say(key, **{**self._known, **values})

    def coded(self, money: Money) -> str:
        return self.wording.coded(money)

    def by(self, method_label: str) -> str:
        """How money came or went, in brackets; nothing where that is not known."""
        method = isolated(self.wording.method(method_label))
        return self.say("method.by", method=method) if method else ""

    def due(self) -> str:
        return self.say("letter.was_due" if self.is_late else "letter.due")

    def so_far(self) -> list[str]:
        """What became of the total so far, in one paragraph; nothing where all of it is still open."""
        owed = self.owed
        if owed is None or not (owed.paid_minor > 0 or owed.credited_minor):
            return []
        parts = [self.say("letter.total")]
        parts += [self.say("letter.received")] if owed.paid_minor > 0 else []
        parts += [self.say("letter.credited")] if owed.credited_minor else []
        return [" ".join(parts)]

    def pay_button(self, url: str | None) -> tuple[str, str] | None:
        return (self.say("letter.pay"), url) if url else None

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
        """A letter to the invoice's client; the headline is what is owed unless it is something else."""
        return Draft(
            wording=self.wording,
            studio=self.invoice.studio,
            subject=self.say(subject_key, **(subject_values or {})),
            addressee=isolated(self.invoice.client.name),
            headline=self._known["balance"] if headline is None else headline,
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
