"""Currencies as Stripe counts them: smallest charge, decimals, and what Stripe keeps of a charge."""

from __future__ import annotations

from billing.sandbox.stripe.errors import StripeError, invalid

_ZERO = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
_THREE = "bhd jod kwd omr tnd"
_TWO = "usd eur gbp chf cad aud nzd sgd hkd dkk nok sek pln czk huf ron bgn mxn brl inr zar thb try ils aed"
_DECIMALS = {code: places for places, codes in ((0, _ZERO), (2, _TWO), (3, _THREE)) for code in codes.split()}
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_SMALLEST = {
    "usd": 50,
    "eur": 50,
    "gbp": 30,
    "chf": 50,
    "cad": 50,
    "aud": 50,
    "nzd": 50,
    "sgd": 50,
    "hkd": 400,
    "jpy": 50,
    "dkk": 250,
    "nok": 300,
    "sek": 300,
    "pln": 200,
    "czk": 1500,
    "huf": 17500,
    "ron": 200,
    "bgn": 100,
    "mxn": 1000,
    "brl": 50,
    "inr": 50,
    "thb": 1000,
    "aed": 200,
}
_LARGEST = 99_999_999
_SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
_CARD_FEES = {"eur": (15, 25), "gbp": (15, 25), "jpy": (36, 0)}
_USUAL_FEE = (29, 30)
_BANK_FEE_LIMIT = 500


def decimals(currency: str) -> int:
    return _DECIMALS[currency]


def shown(amount: int, currency: str) -> str:
    """1234.50 usd -> "$1,234.50"; minor units in, a person's notation out."""
    places = decimals(currency)
    whole, rest = divmod(abs(amount), 10**places)
    digits = f"{whole:,}" + (f".{rest:0{places}d}" if places else "")
    sign = _SIGNS.get(currency, f"{currency.upper()} ")
    return f"{'−' if amount < 0 else ''}{sign}{digits}"


def currency_code(given: str, param: str = "currency") -> str:
    """Lower case, three letters, one that Stripe takes."""
    code = given.lower()
    if code not in _DECIMALS:
        raise invalid(f"Invalid currency: {given}. Stripe does not support this currency.", param)
    return code


def chargeable(amount: int, currency: str, param: str = "amount") -> None:
    """Refuse an amount that Stripe would not charge."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param, "parameter_invalid_integer")
    smallest = _SMALLEST.get(currency, 1)
    if amount < smallest:
        text = f"Amount must be at least {shown(smallest, currency)} {currency}"
        raise StripeError(400, text, code="amount_too_small", param=param)
    if amount > _LARGEST:
        text = f"Amount must be no more than {shown(_LARGEST, currency)} {currency}"
        raise StripeError(400, text, code="amount_too_large", param=param)


def card_fee(amount: int, currency: str) -> int:
    """A share in thousandths and a fixed part, rounded half up, in minor units."""
    thousandths, fixed = _CARD_FEES.get(currency, _USUAL_FEE)
    return (amount * thousandths + 500) // 1000 + fixed


def bank_fee(amount: int) -> int:
    """ACH: 0.8 %, at most 5 dollars."""
    return min((amount * 8 + 500) // 1000, _BANK_FEE_LIMIT)
