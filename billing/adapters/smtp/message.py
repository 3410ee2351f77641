"""A Mail as an RFC 5322 message, and addresses worth sending it to."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, quote
from typing import Any

from billing.domain.errors import PermanentError
from billing.domain.mail import Mail
from billing.standards.addresses import mailable

_BREAKING = frozenset({"Cc", "Zl", "Zp", "Cs"})
_LONGEST_LINE = 78  # RFC 5322, 2.1.1: where it can be folded
_LONGEST_QUOTED = 800  # no line may be longer than 998
_ENCODED_BYTES = 45  # 60 characters in base64


class _Policy(EmailPolicy):
    """Writes mailboxes itself: the email package, as it folds a long name with a comma, loses the quotes around it.

    Which versions of Python do so changes from one to the next; such a header names two mailboxes.
    """

    def fold(self, name: str, value: Any) -> str:
        return _mailboxes(name, value.addresses) if _has_mailboxes(value) else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        if not _has_mailboxes(value):
            return super().fold_binary(name, value)
        return _mailboxes(name, value.addresses).encode("utf-8" if self.utf8 else "ascii")


# 7bit: quoted-printable and base64 pass every server on the way, also those without 8BITMIME.
_POLICY = _Policy(linesep="\r\n", cte_type="7bit")
_UTF8_POLICY = _POLICY.clone(utf8=True)  # only for addresses that cannot be written otherwise


def _has_mailboxes(value: Any) -> bool:
    return hasattr(value, "addresses")


def _mailboxes(name: str, addresses: tuple[Address, ...]) -> str:
    """The whole header, each mailbox on a line of its own unless there is but one."""
    return f"{name}: " + ",\r\n ".join(_mailbox(address, len(name) + 2) for address in addresses) + "\r\n"


def _mailbox(address: Address, before: int) -> str:
    """`before`: how many characters of its line are taken. Quotes are not torn: not every program reads on for them."""
    name, spec = address.display_name, address.addr_spec
    if not name:
        return spec
    quoted = f'"{quote(name)}"'
    is_plain = name.isascii() and "=?" not in name and len(quoted) <= _LONGEST_QUOTED
    lines = [""]
    for word in [*([quoted] if is_plain else _encoded_words(name)), f"<{spec}>"]:
        taken = len(lines[-1]) + 1 + (before if len(lines) == 1 else 0)
        if lines[-1] and taken + len(word) > _LONGEST_LINE:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return "\r\n".join(lines)


def _encoded_words(name: str) -> list[str]:
    """RFC 2047: at most 75 characters each, and a space between two words belongs to the first of them."""
    chunks = [""]
    for piece in re.findall(r"\S+ ?", name):
        for part in [piece] if len(piece.encode()) <= _ENCODED_BYTES else list(piece):
            if len((chunks[-1] + part).encode()) <= _ENCODED_BYTES:
                chunks[-1] += part
            else:
                chunks.append(part)
    return [f"=?utf-8?b?{base64.b64encode(chunk.encode()).decode()}?=" for chunk in chunks if chunk]


def check_address(address: str) -> str:
    """The address in its normal form, its domain as DNS knows it; PermanentError `invalid_email` if it is none.

    Letters beyond ASCII before the @ are for the server to take or refuse.
    """
    return mailable(address, beyond_ascii=True)


def sender_of(mail: Mail) -> Address:
    """Name and address of "North Light, Bristol <studio@northlight.example>", commas and all."""
    name, opening, rest = mail.sender.rpartition("<")
    address = rest.removesuffix(">") if opening else mail.sender
    return _address(check_address(address.strip()), " ".join(name.replace('"', "").split()))


def compose(mail: Mail, sent_at: datetime | None = None) -> EmailMessage:
    """The message: text and HTML alternatives, then the attachments. `sent_at` is now unless given.

    PermanentError `malformed_mail` if a header would break out of its line.
    """
    message = EmailMessage(policy=_UTF8_POLICY if needs_utf8(mail) else _POLICY)
    with _malformed(mail):
        _head(message, mail, sent_at or datetime.now(UTC))
        message.set_content(mail.letter.text, cte="quoted-printable")
        message.add_alternative(mail.letter.html, subtype="html", cte="quoted-printable")
        for attachment in mail.attachments:
            maintype, _, subtype = attachment.media_type.partition("/")
            filename = _one_line(attachment.filename)
            message.add_attachment(attachment.content, maintype=maintype, subtype=subtype, filename=filename)
    return message


def as_sent(mail: Mail) -> bytes:
    """The message as it goes over the line, CRLF at every line's end."""
    message = compose(mail)
    with _malformed(mail):
        return message.as_bytes()


@contextmanager
def _malformed(mail: Mail) -> Iterator[None]:
    try:
        yield
    # The email package answers odd headers with any of these, by no documented rule.
    except (ValueError, TypeError, LookupError, AttributeError, MessageError) as error:
        raise PermanentError("malformed_mail", f"Mail {mail.message_id!r} cannot be written: {error}.") from error


def needs_utf8(mail: Mail) -> bool:
    """Whether an address has letters beyond ASCII before its @, which not every server takes (RFC 6531)."""
    ours = [sender_of(mail).addr_spec, *([mail.reply_to] if mail.reply_to else [])]
    return not all(check_address(address).isascii() for address in (*mail.to, *ours))


def _head(message: EmailMessage, mail: Mail, sent_at: datetime) -> None:
    sender = sender_of(mail)
    _one_line(sender.display_name)
    message["From"] = sender
    message["To"] = [_address(check_address(address)) for address in mail.to]
    if mail.reply_to:
        message["Reply-To"] = _address(check_address(mail.reply_to))
    message["Subject"] = _one_line(mail.letter.subject)
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = _message_id(mail)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office programs do not answer these


def _message_id(mail: Mail) -> str:
    left, _, domain = _one_line(mail.message_id).removeprefix("<").removesuffix(">").rpartition("@")
    if not domain.isascii():
        domain = check_address(f"x@{domain}").rpartition("@")[2]
    return f"<{left}@{domain}>"


def _one_line(text: str) -> str:
    # EmailMessage refuses a line feed in a header but lets a lone carriage return through.
    if any(unicodedata.category(character) in _BREAKING for character in text):
        raise ValueError("a header may hold no line breaks and no control characters")
    return text


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
