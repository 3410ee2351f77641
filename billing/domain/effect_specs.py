"""What is true of every effect of one kind, wherever it is asked: one line for each kind.

Adding a kind is its line here, its module under `services/effects`, and its line in HANDLERS there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing.domain.effects import EffectKind


class Provider(StrEnum):
    """Whom an effect calls, by role."""

    MAIL_SERVER = "mail_server"
    PAYMENTS = "payments"
    BOOKING_SYSTEM = "booking_system"
    GALLERY_HOST = "gallery_host"


@dataclass(frozen=True, slots=True)
class EffectSpec:
    """One kind of effect.

    `chapter`: the asset of the pipeline that does it. `does`: what it does, as the subject of a sentence, with
    {invoice} and {gallery}. `limit`: the daily limit that it counts against. `at_once`: how many are under way at the
    same time, None as many as the settings allow. `can_be_asked`: evidence of how it ended can be had outside.
    `is_a_word_enough`: a person's yes can record it. `is_safe_again`: it looks before it writes, or does nothing where
    it is done already. `needs_sound_books`: it moves money or tells somebody, and so waits while the books are broken.
    """

    provider: Provider
    chapter: str
    does: str
    limit: str | None = None
    at_once: int | None = None
    can_be_asked: bool = True
    is_a_word_enough: bool = True
    is_safe_again: bool = False
    needs_sound_books: bool = True


EFFECT_SPECS: dict[EffectKind, EffectSpec] = {
    EffectKind.MAIL: EffectSpec(
        Provider.MAIL_SERVER,
        "deliveries",
        "sending a mail about {invoice}",
        limit="mails",
        at_once=8,  # a mail server takes few connections from one sender
        can_be_asked=False,  # it does not tell what it has accepted: only a person can look
    ),
    EffectKind.PAY_LINK: EffectSpec(
        Provider.PAYMENTS,
        "invoices",
        "making the page to pay on for {invoice}",
        is_a_word_enough=False,  # it has an address, which only the provider can tell
        needs_sound_books=False,  # a page that is made is not sent
    ),
    EffectKind.CLOSE_PAY_LINK: EffectSpec(
        Provider.PAYMENTS,
        "payments",
        "closing the page to pay on of {invoice}",
        is_safe_again=True,
        needs_sound_books=False,  # a page that is closed is safe
    ),
    EffectKind.CHARGE: EffectSpec(Provider.PAYMENTS, "charges", "charging the card for {invoice}", limit="charges"),
    EffectKind.REFUND: EffectSpec(Provider.PAYMENTS, "payments", "giving money of {invoice} back"),
    EffectKind.WRITE_BACK: EffectSpec(
        Provider.BOOKING_SYSTEM,
        "write_backs",
        "entering a payment of {invoice} at the booking system",
        is_safe_again=True,
    ),
    EffectKind.GRANT: EffectSpec(
        Provider.GALLERY_HOST,
        "gallery_grants",
        "opening the gallery {gallery} of {invoice}",
        is_a_word_enough=False,  # it has an address, which only its host can tell
    ),
    EffectKind.REVOKE: EffectSpec(
        Provider.GALLERY_HOST,
        "gallery_grants",
        "closing the gallery {gallery} of {invoice}",
        is_safe_again=True,
    ),
}
