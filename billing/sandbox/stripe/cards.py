"""Stripe's test cards and tokens, and what each does: https://docs.stripe.com/testing.

A number is looked at once, here, and forgotten: what is kept is the brand, the last four digits, the expiry date and
the name of a behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from billing.sandbox.store import Body
from billing.sandbox.stripe.errors import card_error
from billing.sandbox.stripe.world import letters

_DECLINED = "Your card was declined."


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a card does. `authenticate` is never, unless_set_up, on_session or always."""

    code: str | None = None
    decline_code: str | None = None
    message: str = _DECLINED
    advice_code: str | None = None
    attaches: bool = True
    authenticate: str = "never"
    dispute: str | None = None
    blocked: bool = False
    available_at_once: bool = False


def _declines(
    code: str,
    decline_code: str,
    advice_code: str,
    message: str = _DECLINED,
    *,
    attaches: bool = False,
    blocked: bool = False,
) -> Behaviour:
    return Behaviour(code, decline_code, message, advice_code, attaches=attaches, blocked=blocked)


BEHAVIOURS: dict[str, Behaviour] = {
    "succeeds": Behaviour(),
    "available_at_once": Behaviour(available_at_once=True),
    "charge_fails": _declines("card_declined", "generic_decline", "try_again_later", attaches=True),
    "generic_decline": _declines("card_declined", "generic_decline", "try_again_later"),
    "insufficient_funds": _declines(
        "card_declined", "insufficient_funds", "try_again_later", "Your card has insufficient funds."
    ),
    "do_not_honor": _declines("card_declined", "do_not_honor", "try_again_later"),
    "lost_card": _declines("card_declined", "lost_card", "do_not_try_again"),
    "stolen_card": _declines("card_declined", "stolen_card", "do_not_try_again"),
    "card_velocity_exceeded": _declines("card_declined", "card_velocity_exceeded", "try_again_later"),
    "expired_card": _declines("expired_card", "expired_card", "confirm_card_data", "Your card has expired."),
    "incorrect_cvc": _declines(
        "incorrect_cvc", "incorrect_cvc", "confirm_card_data", "Your card's security code is incorrect."
    ),
    "processing_error": _declines(
        *("processing_error", "processing_error", "try_again_later"),
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "highest_risk_level": _declines("card_declined", "fraudulent", "do_not_try_again", blocked=True),
    "authentication_unless_set_up": Behaviour(authenticate="unless_set_up"),
    "authentication_on_session": Behaviour(authenticate="on_session"),
    "authentication_always": Behaviour(authenticate="always"),
    "authentication_then_insufficient_funds": Behaviour(
        *("card_declined", "insufficient_funds", "Your card has insufficient funds.", "try_again_later"),
        authenticate="always",
    ),
    "disputed": Behaviour(dispute="fraudulent"),
    "disputed_as_not_received": Behaviour(dispute="product_not_received"),
    "inquired": Behaviour(dispute="inquiry"),
    "not_a_test_card": _declines(
        *("card_declined", "test_mode_live_card", "do_not_try_again"),
        "Your card was declined. Your request was in test mode, but used a non test (live) card."
        " For a list of valid test cards, visit: https://stripe.com/docs/testing.",
    ),
    "bank_debit": Behaviour(),
}

# By number: brand, funding, behaviour.
_CARDS = {
    "4242424242424242": ("visa", "credit", "succeeds"),
    "4000056655665556": ("visa", "debit", "succeeds"),
    "5555555555554444": ("mastercard", "credit", "succeeds"),
    "2223003122003222": ("mastercard", "credit", "succeeds"),
    "5200828282828210": ("mastercard", "debit", "succeeds"),
    "378282246310005": ("amex", "credit", "succeeds"),
    "6011111111111117": ("discover", "credit", "succeeds"),
    "3056930009020004": ("diners", "credit", "succeeds"),
    "3566002020360505": ("jcb", "credit", "succeeds"),
    "6200000000000005": ("unionpay", "credit", "succeeds"),
    "4000000000000077": ("visa", "credit", "available_at_once"),
    "4000000000000341": ("visa", "credit", "charge_fails"),
    "4000000000000002": ("visa", "credit", "generic_decline"),
    "4000000000009995": ("visa", "credit", "insufficient_funds"),
    "4000000000009987": ("visa", "credit", "lost_card"),
    "4000000000009979": ("visa", "credit", "stolen_card"),
    "4000000000000069": ("visa", "credit", "expired_card"),
    "4000000000000127": ("visa", "credit", "incorrect_cvc"),
    "4000000000000119": ("visa", "credit", "processing_error"),
    "4000000000006975": ("visa", "credit", "card_velocity_exceeded"),
    "4100000000000019": ("visa", "credit", "highest_risk_level"),
    "4000002500003155": ("visa", "credit", "authentication_unless_set_up"),
    "4000003800000446": ("visa", "credit", "authentication_on_session"),
    "4000002760003184": ("visa", "credit", "authentication_always"),
    "4000000000003220": ("visa", "credit", "authentication_on_session"),
    "4000008260003178": ("visa", "credit", "authentication_then_insufficient_funds"),
    "4000000000000259": ("visa", "credit", "disputed"),
    "4000000000002685": ("visa", "credit", "disputed_as_not_received"),
    "4000000000001976": ("visa", "credit", "inquired"),
}

_TOKENS = {
    "visa": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "mastercard_debit": "5200828282828210",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "bypassPending": "4000000000000077",
    "chargeCustomerFail": "4000000000000341",
    "chargeDeclined": "4000000000000002",
    "visa_chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedLostCard": "4000000000009987",
    "visa_chargeDeclinedStolenCard": "4000000000009979",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "chargeDeclinedFraudulent": "4100000000000019",
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequiredSetupForOffSession": "4000003800000446",
    "authenticationRequired": "4000002760003184",
    "threeDSecure2Required": "4000000000003220",
    "threeDSecureRequired": "4000000000003220",
    "authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "createDispute": "4000000000000259",
    "createDisputeProductNotReceived": "4000000000002685",
    "createDisputeInquiry": "4000000000001976",
}
_TOKEN_EXPIRY_YEARS = 1


@dataclass(frozen=True, slots=True)
class Card:
    """What is kept of a card."""

    brand: str
    funding: str
    last4: str
    exp_month: int
    exp_year: int
    behaviour: str

    def details(self) -> Body:
        """The fields that a PaymentMethod and a Charge show alike."""
        return {
            "brand": self.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "exp_month": self.exp_month,
            "exp_year": self.exp_year,
            "fingerprint": letters(f"{self.brand}:{self.last4}:{self.behaviour}", 16),
            "funding": self.funding,
            "last4": self.last4,
            "regulated_status": "unregulated",
            "wallet": None,
        }


def from_token(token: str, now: int) -> Card | None:
    """`pm_card_visa` or `tok_visa`; None when there is no such token."""
    number = _TOKENS.get(token.removeprefix("pm_card_").removeprefix("tok_"))
    if number is None:
        return None
    brand, funding, behaviour = _CARDS[number]
    year = datetime.fromtimestamp(now, UTC).year + _TOKEN_EXPIRY_YEARS
    return Card(brand, funding, number[-4:], 8, year, behaviour)


def from_number(number: str, exp_month: int, exp_year: int, cvc: str | None, now: int) -> Card:
    """Read a typed card as Stripe does: a malformed one is a card_error, a real one is declined when it is charged."""
    digits = "".join(number.split()).replace("-", "")
    if not digits.isascii() or not digits.isdecimal() or not 12 <= len(digits) <= 19 or not _luhn(digits):
        raise card_error("Your card number is incorrect.", "incorrect_number", param="number")
    _check_expiry(exp_month, exp_year, now)
    brand, funding, behaviour = _CARDS.get(digits, ("visa", "credit", "not_a_test_card"))
    if cvc is not None and (not cvc.isascii() or not cvc.isdecimal() or len(cvc) != (4 if brand == "amex" else 3)):
        raise card_error("Your card's security code is invalid.", "invalid_cvc", param="cvc")
    return Card(brand, funding, digits[-4:], exp_month, exp_year + 2000 * (exp_year < 100), behaviour)


def behaviour_named(text: str) -> str | None:
    """The behaviour that a test card's number, or a behaviour's own name, stands for."""
    name = _CARDS[text][2] if text in _CARDS else text
    return name if name in BEHAVIOURS else None


def _check_expiry(month: int, year: int, now: int) -> None:
    if not 1 <= month <= 12:
        raise card_error("Your card's expiration month is invalid.", "invalid_expiry_month", param="exp_month")
    today = datetime.fromtimestamp(now, UTC)
    full = year + 2000 * (year < 100)
    if (full, month) < (today.year, today.month) or full > today.year + 50:
        raise card_error("Your card's expiration year is invalid.", "invalid_expiry_year", param="exp_year")


def _luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits))]
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0
