"""What a payment provider says of money, in our own words, and what a refusal means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.money import Money

OFFICE = "office"  # the provider of money that comes and goes by cheque, in cash or by transfer


class PaymentStatus(StrEnum):
    """`processing` (bank debits, days long) is not paid."""

    UNCONFIRMED = "unconfirmed"
    PROCESSING = "processing"
    REQUIRES_CLIENT = "requires_client"  # declined or to be authenticated: a new try needs somebody
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """One PaymentIntent as it is now. `amount` is what was captured (zero until succeeded).

    `invoice_id` comes from our metadata and is None for money that is not of our asking.
    `fee` is None while the balance transaction is not there yet. `refused` is set after a decline.
    """

    provider: str  # "stripe"
    payment_id: str  # "pi_…"
    status: PaymentStatus
    amount: Money
    invoice_id: str | None
    captured_at: datetime | None = None
    charge_id: str | None = None
    fee: Money | None = None
    balance_transaction_id: str | None = None
    customer_id: str | None = None
    method_label: str = ""  # "Visa ending 4242", "SEPA debit"
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A clean no of the provider: nothing was captured. `code` is the decline code where there is one."""

    code: str
    advice_code: str | None = None
    message: str = ""  # for the studio's eyes; never shown to the client


class NextStep(StrEnum):
    """What a refusal asks for."""

    CLIENT_MUST_AUTHENTICATE = "client_must_authenticate"
    CLIENT_MUST_ACT = "client_must_act"  # the same card may work after the client mends something
    OTHER_CARD = "other_card"  # the same card is never tried again
    TRY_LATER = "try_later"


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A hint that an object changed. Amounts are never read from it; the object is read again.

    `problem`: why it cannot be read, where it cannot; then a person looks at it, and those behind it go on.
    """

    event_id: str
    kind: str  # "payment_intent.succeeded"
    occurred_at: datetime
    object_id: str
    payment_id: str | None  # the PaymentIntent it is about, where there is one
    body: str  # raw JSON
    livemode: bool = False
    account: str | None = None  # whose event it is, where the provider says so (docs: Connect)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A client's recorded consent to be charged off-session, and with what."""

    client_id: str
    customer_id: str
    payment_method_id: str
    label: str
    text_version: str
    consented_at: datetime


@dataclass(frozen=True, slots=True)
class PayLink:
    """A page on which the client pays one fixed amount once."""

    link_id: str
    url: str


_OTHER_CARD = frozenset(
    {
        "highest_risk_level",
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stolen_card",
        "transaction_not_allowed",
    }
)
_CLIENT_MUST_ACT = frozenset(
    {
        "card_not_supported",
        "currency_not_supported",
        "expired_card",
        "fraudulent",
        "incorrect_cvc",
        "invalid_account",
        "restricted_card",
    }
)
# Stripe's advice_code overrides the decline code (docs: decline codes, advice codes).
_ADVICE = {
    "do_not_try_again": NextStep.OTHER_CARD,
    "confirm_card_data": NextStep.CLIENT_MUST_ACT,
    "try_again_later": NextStep.TRY_LATER,
}


def next_step(refusal: Refusal) -> NextStep:
    """Tell apart what a refusal asks for; a code we do not know is treated as "may be tried later"."""
    if refusal.code == "authentication_required":
        return NextStep.CLIENT_MUST_AUTHENTICATE
    if refusal.advice_code in _ADVICE:
        return _ADVICE[refusal.advice_code]
    if refusal.code in _OTHER_CARD:
        return NextStep.OTHER_CARD
    if refusal.code in _CLIENT_MUST_ACT:
        return NextStep.CLIENT_MUST_ACT
    return NextStep.TRY_LATER
