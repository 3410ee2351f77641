"""A Mail as an RFC 5322 message, and addresses worth sending it to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import lru_cache

from billing.domain.errors import PermanentError
from billing.domain.mail import Mail

_BREAKING = frozenset({"Cc", "Zl", "Zp", "Cs"})

# 7bit: quoted-printable and base64 pass every server on the way, also those without 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
_UTF8_POLICY = SMTPUTF8.clone(cte_type="7bit")  # only for addresses that cannot be written otherwise


@lru_cache(maxsize=1024)  # the studio's own address stands on every mail
def check_address(address: str) -> str:
    """The address in its normal form, its domain as DNS knows it; PermanentError `invalid_email` if it is none."""
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise PermanentError(
            "invalid_email", f"{address!r} is not an e-mail address ({error}); correct it in the booking system."
        ) from error
    return str(checked.ascii_email or checked.normalized)


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
    return not all(check_address(address).isascii() for address in (*mail.to, sender_of(mail).addr_spec))


def _head(message: EmailMessage, mail: Mail, sent_at: datetime) -> None:
    sender = sender_of(mail)
    _one_line(sender.display_name)
    message["From"] = sender
    message["To"] = [_address(check_address(address)) for address in mail.to]
    if mail.reply_to:
        message["Reply-To"] = _address(check_address(mail.reply_to))
    message["Subject"] = _one_line(mail.letter.subject)
    message["Date"] = format_datetime(sent_at)
    message_id = _one_line(mail.message_id)
    message["Message-ID"] = message_id if message_id.startswith("<") else f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office programs do not answer these


def _one_line(text: str) -> str:
    # EmailMessage refuses a line feed in a header but lets a lone carriage return through.
    if any(unicodedata.category(character) in _BREAKING for character in text):
        raise ValueError("a header may hold no line breaks and no control characters")
    return text


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
