"""E-mail addresses: what people typed, mended where that takes no guessing; and which of them mail can be sent to.

This is the one rule for clients, the studio, its owner, and whatever a person types into a command.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from billing.domain.errors import PermanentError

LONGEST_FIELD = 2_000  # characters of a field that are looked at; an address has at most 254 (RFC 5321, 4.5.3.1)
MOST_ADDRESSES = 10  # of one client: more is a pasted mailing list

_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {ord("、"): ","}
_JOINERS = "\u200c\u200d"  # in names of some scripts they tell one domain from another
_NAMED = re.compile(r"(?:^|[,;|\n])[^<>@]*<([^<>]*)>")  # "Lee, Anna" <anna@example.com>
_BETWEEN = re.compile(r"[,;|\n]")
_AROUND_AT = re.compile(r"\s*@\s*")
_LABEL = re.compile(r"(?:mailto|e-?mail|mail)\s*:\s*", re.IGNORECASE)
_QUERY = re.compile(r"(@[^?]*)\?.*")  # mailto:anna@example.com?subject=…
_WRAPPING = "\"'`´‘’‚‛“”„«»()[]{}"
_LONGEST_SHOWN = 100
_NO_ADDRESS = frozenset({"n/a", "na", "none", "no", "keine", "aucune", "ninguna"})


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses of one field, each once, as they were meant; what cannot be mended stands as it was typed.

    Mended are several in one field, names and brackets around them, `mailto:`, invisible characters and blanks that
    come with copying, full-width signs, and dots at the end. Neither a blank inside an address is taken out nor a word
    beside one: nobody knows whose address "anna lee@example.com" is.
    """
    field = _NAMED.sub(r",\1,", _typed(text[:LONGEST_FIELD]))
    found: dict[str, str] = {}
    for entry in _BETWEEN.split(field):
        for address in _of_entry(entry):
            found.setdefault(address.casefold(), address)
    return tuple(found.values())


@lru_cache(maxsize=1024)  # the studio's own address stands on every mail
def mailable(address: str, beyond_ascii: bool = False) -> str:
    """The address in its normal form, its domain as DNS knows it (xn--…); PermanentError `invalid_email` if it is none.

    Letters beyond ASCII before the @ (RFC 6531) are refused unless `beyond_ascii`: most mail servers do not take them,
    and what the servers on the way take is not known before an invoice has its number.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=beyond_ascii)
    except EmailNotValidError as error:
        raise PermanentError(
            "invalid_email", f"{_shown(address)!r} is not an e-mail address that mail can be sent to: {error}"
        ) from error
    return f"{checked.local_part}@{checked.ascii_domain}"


def sorted_out(
    fields: tuple[str, ...], beyond_ascii: bool = False
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Of all addresses in these fields: those that mail can be sent to, in normal form, and each other with the reason.

    Each once, in the order of the fields; at most MOST_ADDRESSES of either.
    """
    good: dict[str, str] = {}
    bad: dict[str, str] = {}
    for typed in (address for field in fields for address in addresses_in(field)):
        try:
            address = mailable(typed, beyond_ascii)
        except PermanentError as error:
            bad.setdefault(_shown(typed), error.sentence)
        else:
            good.setdefault(address.casefold(), address)
    for address in tuple(good.values())[MOST_ADDRESSES:]:
        bad.setdefault(address, f"{address!r} is one too many: no more than {MOST_ADDRESSES} are written to.")
    return tuple(good.values())[:MOST_ADDRESSES], tuple(bad.items())[:MOST_ADDRESSES]


def right_addresses(typed: str) -> tuple[str, ...]:
    """All that the studio typed, in normal form; PermanentError `invalid_email` names the first that is no address.

    Who types one with letters beyond ASCII before the @ knows the mail servers that it takes.
    """
    good, bad = sorted_out((typed,), beyond_ascii=True)
    for _, why in bad:
        raise PermanentError("invalid_email", why)
    if not good:
        raise PermanentError("invalid_email", f"{_shown(typed)!r} is no e-mail address.")
    return good


def _typed(text: str) -> str:
    """Blanks are blanks, line breaks are line breaks, full-width signs are plain ones, and nothing is invisible."""
    text = "".join(map(_visible, text.translate(_FULL_WIDTH)))
    without = text.translate(dict.fromkeys(map(ord, _JOINERS)))
    return without if without.isascii() else text


def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Zs" or character == "\t":
        return " "
    if kind in ("Cc", "Zl", "Zp"):
        return "\n"
    return "" if kind in ("Cf", "Cs") and character not in _JOINERS else character


def _of_entry(entry: str) -> Iterator[str]:
    entry = _AROUND_AT.sub("@", _LABEL.sub("", entry.replace("<", " ").replace(">", " ").strip(), count=1))
    words = [word for part in entry.split() if (word := _bare(part)) and any(map(str.isalnum, word))]
    if not words or entry.casefold() in _NO_ADDRESS:
        return
    yield from words if all("@" in word for word in words) else [entry]


def _bare(word: str) -> str:
    """Without what stands around it, the subject of a mailto link, and the full stop of a sentence."""
    return _QUERY.sub(r"\1", word.strip(_WRAPPING)).rstrip("." + _WRAPPING)


def _shown(address: str) -> str:
    return address if len(address) <= _LONGEST_SHOWN else f"{address[:_LONGEST_SHOWN]}…"
