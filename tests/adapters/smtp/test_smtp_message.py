from __future__ import annotations

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import getaddresses
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.smtp import check_address, compose
from billing.adapters.smtp.message import as_sent, needs_utf8, sender_of
from billing.domain.errors import PermanentError
from billing.domain.mail import Attachment, Letter, Mail

MAIL = Mail(
    message_id="effect-1@northlight.example",
    sender="North Light, Bristol <studio@northlight.example>",
    to=("anna@example.com", "ben@example.com"),
    letter=Letter("Your invoice", "Dear Anna,\n.\nWarm regards\n", "<p>Dear Anna,</p>"),
    attachments=(Attachment("Invoice 2026-0042.pdf", b"%PDF-1.7\n.\r\n"),),
    reply_to="office@northlight.example",
)
SENT_AT = datetime(2026, 3, 3, 14, 5, tzinfo=UTC)


def read_back(mail: Mail) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(compose(mail, SENT_AT).as_bytes(), policy=default))


def test_a_mail_has_the_headers_that_mail_programs_look_for() -> None:
    message = read_back(MAIL)

    assert {name: str(message[name]) for name in ("From", "To", "Reply-To", "Subject", "Date")} == {
        "From": '"North Light, Bristol" <studio@northlight.example>',
        "To": "anna@example.com, ben@example.com",
        "Reply-To": "office@northlight.example",
        "Subject": "Your invoice",
        "Date": "Tue, 03 Mar 2026 14:05:00 +0000",
    }
    assert message["Message-ID"] == "<effect-1@northlight.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_text_comes_first_then_html_then_the_files() -> None:
    parts = [part for part in read_back(MAIL).walk() if not part.is_multipart()]

    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "application/pdf"]
    assert parts[0].get_content().replace("\r\n", "\n") == MAIL.letter.text
    assert parts[2].get_filename() == "Invoice 2026-0042.pdf"
    assert parts[2].get_content() == b"%PDF-1.7\n.\r\n"


def test_a_message_id_keeps_its_brackets_and_no_reply_address_is_fine() -> None:
    message = read_back(replace(MAIL, message_id="<a@b.example>", reply_to=None, attachments=()))

    assert message["Message-ID"] == "<a@b.example>"
    assert message["Reply-To"] is None
    assert message.get_content_type() == "multipart/alternative"


def test_now_is_the_date_unless_another_is_given() -> None:
    assert compose(MAIL)["Date"].datetime >= SENT_AT


@pytest.mark.parametrize(
    "changes",
    [
        {"letter": Letter("Hello\r\nBcc: all@example.com", "", "")},
        {"message_id": "a@b\r\nBcc: all@example.com"},
        {"message_id": ""},
        {"letter": Letter("Hello\rBcc: all@example.com", "", "")},
        {"sender": "North\x00Light <studio@northlight.example>"},
        {"attachments": (Attachment("a.pdf\rBcc: all@example.com", b""),)},
    ],
)
def test_a_header_cannot_break_out_of_its_line(changes: dict[str, object]) -> None:
    with pytest.raises(PermanentError, match="cannot be written") as caught:
        compose(replace(MAIL, **changes), SENT_AT)  # type: ignore[arg-type]

    assert caught.value.code == "malformed_mail"


def test_line_ends_in_the_sender_s_name_are_spaces() -> None:
    message = read_back(replace(MAIL, sender="North\r\nBcc: all@example.com <studio@northlight.example>"))

    assert message["Bcc"] is None
    assert message["From"].addresses[0].addr_spec == "studio@northlight.example"


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("studio@northlight.example", "", "studio@northlight.example"),
        ("<studio@northlight.example>", "", "studio@northlight.example"),
        ('"Müller, Foto" <studio@northlight.example>', "Müller, Foto", "studio@northlight.example"),
        ("A <B> <studio@northlight.example>", "A <B>", "studio@northlight.example"),
    ],
)
def test_a_sender_is_a_name_and_an_address(sender: str, name: str, address: str) -> None:
    parsed = sender_of(replace(MAIL, sender=sender))

    assert (parsed.display_name, parsed.addr_spec) == (name, address)


NAMES = (
    "North Light",
    "North Light, Bristol",
    "Northern Light Photography Studio of Bristol, Bath and the West Country of England",
    "Anna & Ben <weddings>; Ltd. (Bristol): [photographs] @ home",
    "x" * 700 + ", of Bath",
    "a, " * 400 + "of Bath",
    "Fotografie Müller & Söhne, Hamburg",
    "写真館東京、株式会社" * 8 + ", " + "Δφωτογραφία " * 20,
    "=?utf-8?q?x?=, Inc.",
    "back\\slash, Inc.",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("policy", [default, compat32], ids=["modern", "old"])
def test_a_sender_is_one_mailbox_whatever_its_name_and_whoever_reads_it(name: str, policy: Any) -> None:
    """Python's own folding loses the quotes around a long name with a comma; the old parser does not unfold."""
    raw = as_sent(replace(MAIL, sender=f"{name} <studio@müller.example>"))

    message = email.message_from_bytes(raw, policy=policy)
    if policy is default:
        [mailbox] = message["From"].addresses
        read, address = mailbox.display_name, mailbox.addr_spec
    else:
        [(encoded, address)] = getaddresses([str(message["From"])])
        read = str(make_header(decode_header(encoded)))
    # The modern parser keeps the space between two encoded words, which is to be dropped (RFC 2047, 6.2).
    assert read.replace(" ", "") == name.replace(" ", "")
    assert address == "studio@xn--mller-kva.example"
    assert max(map(len, raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))) < 998


@given(name=st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=120))
def test_any_name_is_one_mailbox(name: str) -> None:
    raw = as_sent(replace(MAIL, sender=f"{name} <studio@northlight.example>"))

    for policy in (default, compat32):
        found = getaddresses([str(email.message_from_bytes(raw, policy=policy)["From"])])
        assert [address for _, address in found] == ["studio@northlight.example"]


def test_recipients_are_so_many_mailboxes_however_many() -> None:
    to = tuple(f"{'a' * 40}{number}@müller.example" for number in range(20))

    raw = as_sent(replace(MAIL, to=to))

    message = email.message_from_bytes(raw, policy=compat32)
    assert [address for _, address in getaddresses([message["To"].replace("\r\n", "")])] == [
        address.replace("müller", "xn--mller-kva") for address in to
    ]


def test_every_domain_is_written_as_dns_has_it() -> None:
    mail = replace(
        MAIL,
        message_id="<effect-1@müller.example>",
        sender="Müller <studio@müller.example>",
        to=("anna@größe.example",),
        reply_to="office@müller.example",
    )

    head = as_sent(mail).partition(b"\r\n\r\n")[0]

    assert head.isascii()
    assert head.count(b"@xn--mller-kva.example") == 3
    assert b"To: anna@xn--gre-6ka8i.example\r\n" in head
    assert b"Message-ID: <effect-1@xn--mller-kva.example>" in head


def test_a_domain_is_as_dns_has_it_where_the_name_before_it_is_not_english() -> None:
    raw = as_sent(replace(MAIL, sender="Büro <büro@müller.example>", reply_to="büro@müller.example"))

    head = raw.partition(b"\r\n\r\n")[0].decode("utf-8")
    assert head.count("<büro@xn--mller-kva.example>") == 1
    assert "Reply-To: büro@xn--mller-kva.example" in head
    assert needs_utf8(replace(MAIL, reply_to="büro@müller.example"))
    assert not needs_utf8(MAIL)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("Anna@EXAMPLE.com", "Anna@example.com"),
        ("anna@müller.example", "anna@xn--mller-kva.example"),
        ("änna@müller.example", "änna@xn--mller-kva.example"),
    ],
)
def test_an_address_takes_its_normal_form(given: str, normal: str) -> None:
    assert check_address(given) == normal


@pytest.mark.parametrize(
    "address", ["", "anna", "anna@", "a b@example.com", "a@example.com\r\nBcc: b@example.com", "a@x,b@y"]
)
def test_what_is_no_address_is_refused_by_name(address: str) -> None:
    with pytest.raises(PermanentError, match="is not an e-mail address") as caught:
        check_address(address)

    assert caught.value.code == "invalid_email"


@given(subject=st.text(max_size=60), name=st.text(max_size=40), body=st.text(max_size=200))
def test_no_text_adds_a_header(subject: str, name: str, body: str) -> None:
    mail = replace(MAIL, sender=f"{name} <studio@northlight.example>", letter=Letter(subject, body, body))
    try:
        raw = as_sent(mail)
    except PermanentError:
        return

    head = email.message_from_bytes(raw, policy=default)
    assert sorted(head.keys()) == sorted(compose(mail).keys())
