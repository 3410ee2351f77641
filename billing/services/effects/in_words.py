"""What an effect does, in words for the people of the studio: they know invoices by number, and nothing of keys."""

from __future__ import annotations

from collections.abc import Callable

from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import Effect, EffectKind
from billing.domain.errors import TemporaryError
from billing.domain.mail import TO_THE_OWNER, kind_of_mail
from billing.domain.money import Money
from billing.ports.ledger import UnitOfWork
from billing.services.collections.addresses import emails_for


def in_words(uow: UnitOfWork, effect: Effect) -> str:
    """As the subject of a sentence: "charging the card for INV-2026-0001 (500.00 EUR)"."""
    return _said(_in_words, uow, effect)


def of_what_failed(uow: UnitOfWork, effect: Effect) -> str:
    """The same of what may fail again and again for one reason, such as mails to an address that is gone."""
    return _said(_of_what_failed, uow, effect)


def how_to_settle(effect: Effect) -> str:
    """What a person runs who has learnt how it ended, as the end of a sentence without its full stop."""
    ways = "--done` or `--not-done`" if EFFECT_SPECS[effect.kind].is_a_word_enough else "--not-done`"
    return f"`billing settle {effect.effect_id} {ways}"


def _said(words: Callable[[UnitOfWork, Effect], str], uow: UnitOfWork, effect: Effect) -> str:
    """What cannot be said must not keep an outcome from being recorded, nor stop those behind it."""
    try:
        return words(uow, effect)
    except TemporaryError:
        raise  # the ledger itself
    except Exception:
        return f"what is kept as {effect.key}"


def _in_words(uow: UnitOfWork, effect: Effect) -> str:
    if effect.kind is EffectKind.MAIL:
        return _of_mail(uow, effect)
    facts = {"invoice": _invoice(uow, effect), "gallery": effect.parameters.get("gallery_name")}
    return EFFECT_SPECS[effect.kind].does.format(**facts) + _amount(effect)


def _of_what_failed(uow: UnitOfWork, effect: Effect) -> str:
    return f"a mail{_about(uow, effect)}" if effect.kind is EffectKind.MAIL else _in_words(uow, effect)


def _of_mail(uow: UnitOfWork, effect: Effect) -> str:
    kind = kind_of_mail(effect.purpose).value.replace("_", " ")
    return f"sending the {kind} mail{_about(uow, effect)} to {reached_at(uow, effect)}"


def reached_at(uow: UnitOfWork, mail: Effect) -> str:
    """Where a mail goes now: addresses of the client's, or the owner."""
    kind = kind_of_mail(mail.purpose)
    if kind in TO_THE_OWNER:
        return "the owner"
    return ", ".join(emails_for(uow, uow.invoices.require(mail.text("invoice_id")), kind))


def _about(uow: UnitOfWork, effect: Effect) -> str:
    return f" about {_invoice(uow, effect)}" if "invoice_id" in effect.parameters else ""


def _invoice(uow: UnitOfWork, effect: Effect) -> str:
    """Its number, found by what the effect is about."""
    payment = uow.payments.get(effect.subject_id) if effect.kind is EffectKind.WRITE_BACK else None
    invoice_id = payment.invoice_id if payment else effect.parameters.get("invoice_id") or effect.subject_id
    row = uow.invoices.get(str(invoice_id))
    return str(row.invoice.number) if row else f"an invoice that is not in the books ({invoice_id})"


def _amount(effect: Effect) -> str:
    minor, currency = effect.parameters.get("amount_minor"), effect.parameters.get("currency")
    return f" ({Money(int(minor), str(currency))})" if minor is not None and currency else ""


def capital(text: str) -> str:
    """As it begins a sentence."""
    return text[:1].upper() + text[1:]
