"""The scenario: some days in a small studio that together reach every crash point.

Each day begins with what happens outside, once and for certain; then workers do what follows from it. Only they die.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crash_studio import Planned, Studio, day
from crash_worker import Ask, Shift

from billing.domain.policy import DailyLimits, DeliveryMode, StudioPolicy, Trigger

SESSIONS = (
    Planned("autopay", card="pm_card_visa", gallery="vsco"),
    Planned("declined", card="pm_card_chargeCustomerFail", gallery="pixieset"),
    Planned("link", gallery="vsco"),
    Planned("parts"),
    Planned("broken_line", card="pm_card_visa"),
    Planned("broken_link"),
    Planned("never_pays"),
    Planned("no_address", email=None),
    Planned("reviewed"),
    Planned("ended", gallery="none"),
    Planned("unprintable"),
    Planned("lost_dispute", card="pm_card_visa", gallery="vsco"),
    Planned("won_dispute", card="pm_card_visa"),
    Planned("later"),
    Planned("revoked", card="pm_card_visa"),
)


@dataclass(frozen=True)
class Day:
    """One day: what happens outside, then the shift of the workers."""

    name: str
    number: int
    outside: Callable[[Studio], Any] = lambda studio: None
    asks: tuple[Ask, ...] = ()
    policy: Callable[[StudioPolicy], StudioPolicy] = lambda policy: policy
    unprintable: frozenset[str] = frozenset()

    def shift(self) -> Shift:
        return Shift(day(self.number), self.asks, self.policy, self.unprintable)


def _consent(*keys: str) -> tuple[Ask, ...]:
    # The card is saved by the day's `outside`; what it was given is kept with the client.
    return tuple(
        Ask("record_consent", lambda studio, key=key: studio.consents[key], f"{key} saved a card")  # type: ignore[misc]
        for key in keys
    )


def _first_day(studio: Studio) -> None:
    for key, client in studio.clients.items():
        if client.card:
            studio.consents[key] = studio.save_card(key)
    studio.complete("autopay", "declined", "link")


def _numbered(key: str, **more: str | int) -> Callable[[Studio], dict[str, str | int | None]]:
    return lambda studio: {"number": studio.number(key), **more}


def _half_by_cheque(studio: Studio) -> dict[str, str | int | None]:
    half = studio.owed("parts") // 2
    received = {"method": "Cheque", "reference": "cheque 17", "received_on": day(2).date().isoformat()}
    return {"number": studio.number("parts"), "amount_minor": half, **received}


def _broken_lines(studio: Studio) -> None:
    """Answers are lost after the effect, or before it, at every system that money and mails go through."""
    studio.complete("broken_line", "broken_link")
    post = {"method": "POST"}
    studio.stripe("faults", kind="reset", path_prefix="/v1/payment_intents", **post)
    studio.stripe("faults", kind="500_after", path_prefix="/v1/payment_links", **post)
    studio.control("faults", target="smtp", kind="drop", address="*", times=1)


def _broken_confirmation(studio: Studio) -> None:
    studio.pay("broken_link")
    studio.control("faults", target="vsco", kind="500_after", method="POST", path_prefix="/api/v2/payment", times=1)


def _review(policy: StudioPolicy) -> StudioPolicy:
    return replace(policy, delivery_mode=DeliveryMode.REVIEW)


def _by_session_end(policy: StudioPolicy) -> StudioPolicy:
    return replace(policy, trigger=Trigger.SESSION_ENDED)


def _one_invoice(policy: StudioPolicy) -> StudioPolicy:
    return replace(policy, limits=replace(policy.limits, invoices=1))


DAYS = (
    Day("sessions are completed", 0, _first_day, _consent("autopay", "declined")),
    Day("a link is paid", 1, lambda studio: (studio.pay("link"), studio.complete("parts"))),
    Day(
        "a part by cheque, and a declined card paid by link", 2, lambda studio: studio.pay("declined"),
        (Ask("record_payment", _half_by_cheque, "a cheque came"),),
    ),
    Day("the rest is paid", 3, lambda studio: studio.pay("parts")),
    Day("answers are lost", 4, _broken_lines, _consent("broken_line")),
)  # fmt: skip
