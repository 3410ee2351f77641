"""What people type, read strictly: amounts with the separators of any of our languages, and days that can be true.

What can be read in two ways is refused with both readings named, and nothing is rounded.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.domain.errors import PermanentError
from billing.domain.money import Money, exponent

# Twelve digits of minor units are the most that the payment provider takes (Stripe's reference, PaymentIntent.amount);
# many thousands of such amounts still add up within the ledger's 64 bits.
MOST_MINOR = 999_999_999_999
# A retainer may come as long before its invoice as a session is booked ahead; nobody books one earlier than this.
BOOKED_AHEAD_AT_MOST = timedelta(days=5 * 365)
CARDS_LIVE_AT_MOST = timedelta(days=20 * 365)  # longer than any card or its replacements stay with one client
GALLERY_OPEN_AT_MOST = timedelta(days=3650)  # as long as the setting for galleries allows

_BLANKS = str.maketrans(dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}", " ") | {"’": "'"})
_HYPHENS = str.maketrans(dict.fromkeys("\N{HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}", "-"))
_SEPARATOR = r"[.,' ]"
_NUMBER = re.compile(r"[0-9]{1,30}(?:[.,' ][0-9]{1,30}){0,9}")

Reading = tuple[str, str]  # the digits before and after the decimal separator


def read_amount(text: str, currency: str) -> Money:
    """ "120.50", "120,50" and "1.120,50" of EUR; thousands are told by a second kind of separator, a blank or an
    apostrophe, or by their repetition. PermanentError `amount` for what is none, has two readings, or is too fine.
    """
    typed = text.strip().translate(_BLANKS)
    typed = f"0{typed}" if typed[:1] in (".", ",") else typed
    readings = _readings(typed) if _NUMBER.fullmatch(typed) else []
    if not readings:
        raise _refused(f"{text!r} is no amount; write it like {Decimal('120.5'):.{exponent(currency)}f}.")
    if len(readings) > 1 and not _is_as_we_write(typed, currency):
        raise _refused(_which_of(text, readings, currency))
    whole, decimals = readings[0]
    if len(decimals) > exponent(currency):
        raise _refused(_too_fine(text, readings[0], currency))
    return check_amount(int(whole + decimals.ljust(exponent(currency), "0")), currency)


def number_typed(text: str) -> str:
    """An invoice's number as it was typed or copied from paper: without blanks around it, with plain hyphens.

    >>> number_typed(" INV\N{NON-BREAKING HYPHEN}2026\N{EN DASH}0042 ")
    'INV-2026-0042'
    """
    return unicodedata.normalize("NFKC", text).translate(_HYPHENS).strip()


def check_amount(minor: int, currency: str) -> Money:
    """The amount, if money can come or go in it. PermanentError `amount` for nothing, less, or more than can be booked.

    `minor` may be of any size.
    """
    if minor <= 0:
        raise _refused(f"{Money(minor, currency)} is no amount that can be booked; name one that is more than nothing.")
    if minor > MOST_MINOR:
        most = Money(MOST_MINOR, currency)
        raise _refused(f"{Money(minor, currency)} is more than can be booked, which is {most}; see what was meant.")
    return Money(minor, currency)


def check_received_on(day: date, today: date, issued_on: date) -> date:
    """The day on which money came for an invoice that was issued on `issued_on`; all in the studio's time zone."""
    if day > today:
        raise _impossible(f"{day} is to come; record what has arrived once it has.")
    if day < issued_on - BOOKED_AHEAD_AT_MOST:
        raise _impossible(
            f"{day} is more than five years before the invoice of {issued_on}, and no session is booked so long"
            " ahead; see whether the year is right."
        )
    return day


def check_given_on(day: date, today: date) -> date:
    """The day on which money was given back by hand; whether it had come by then is for the caller to say."""
    if day > today:
        raise _impossible(f"{day} is to come; book what was given back once it is.")
    return day


def check_consented_at(at: datetime, now: datetime) -> datetime:
    """When a client agreed to be charged; both aware."""
    if at > now:
        raise _impossible(f"{at:%Y-%m-%d %H:%M %Z} is to come; record a consent once it was given.")
    if at < now - CARDS_LIVE_AT_MOST:
        raise _impossible(f"{at:%Y-%m-%d} is longer ago than any card lives; see whether the year is right.")
    return at


def check_expires_on(day: date, today: date) -> date:
    """The last day on which a gallery is open."""
    if day < today:
        raise _impossible(f"{day} is over: a gallery that is open until then is closed already; name a day to come.")
    if day > today + GALLERY_OPEN_AT_MOST:
        raise _impossible(f"{day} is more than ten years ahead; see whether the year is right.")
    return day


def _readings(typed: str) -> list[Reading]:
    """All that it can mean: with its last separator before decimals first, then with thousands only."""
    groups, separators = re.split(_SEPARATOR, typed), re.findall(_SEPARATOR, typed)
    if not separators:
        return [(typed, "")]
    found = []
    before, last = separators[:-1], separators[-1]
    if last in ".," and last not in before and _are_thousands(groups[:-1], before):
        found.append(("".join(groups[:-1]), groups[-1]))
    if _are_thousands(groups, separators):
        found.append(("".join(groups), ""))
    return found


def _are_thousands(groups: list[str], separators: list[str]) -> bool:
    """Whether one kind of separator stands before each three digits; true where there is none at all."""
    if not separators:
        return True
    is_whole = groups[0][0] != "0" and len(groups[0]) <= 3
    return is_whole and len(set(separators)) == 1 and all(len(group) == 3 for group in groups[1:])


def _is_as_we_write(typed: str, currency: str) -> bool:
    """With a point and all decimals that the currency has, as our own sentences name amounts: 1.500 of KWD."""
    return 0 < exponent(currency) == len(typed.partition(".")[2])


def _which_of(text: str, readings: list[Reading], currency: str) -> str:
    decimal, thousands = (_exact(one, currency) for one in readings)
    ways = [one for one in (decimal, thousands) if len(one.partition(".")[2]) <= exponent(currency)]
    with_commas = f"{int(readings[1][0]):,}{thousands.removeprefix(readings[1][0])}"
    return f"{text} is {decimal} or {with_commas} {currency}? Write {' or '.join(ways)}."


def _too_fine(text: str, reading: Reading, currency: str) -> str:
    exact, limit = _exact(reading, currency), exponent(currency)
    goes = f"{limit} decimals" if limit else "no decimals"
    if len(exact.partition(".")[2]) <= limit:
        return f"{text} has more decimals than {currency}, which has {goes}; write {exact}."
    return f"{text} is finer than {currency} goes ({goes}), and nothing is rounded; write the exact amount."


def _exact(reading: Reading, currency: str) -> str:
    """With a point, and as many decimals as it needs or the currency has."""
    decimals = reading[1].rstrip("0").ljust(exponent(currency), "0")
    return f"{reading[0]}.{decimals}" if decimals else reading[0]


def _refused(sentence: str) -> PermanentError:
    return PermanentError("amount", sentence)


def _impossible(sentence: str) -> PermanentError:
    return PermanentError("day", sentence)
