from __future__ import annotations

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.smtp import check_address, compose
from billing.adapters.smtp.message import as_sent, sender_of
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


@pytest.mark.parametrize(
    ("given", "normal"),
    [("Anna@EXAMPLE.com", "Anna@example.com"), ("anna@müller.example", "anna@xn--mller-kva.example")],
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
