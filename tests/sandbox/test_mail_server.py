"""Real SMTP against the sandbox: what is accepted is kept, what is refused says why, what is dropped is still kept."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from billing.sandbox import mail
from billing.sandbox.clock import SandboxClock
from billing.sandbox.inbox import opened
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.sandbox.store import Store


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path / "sandbox.db") as running:
        yield running


def letter(to: str = "anna@example.org", subject: str = "Your invoice 2026-0001", number: int = 1) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "North Light <studio@northlight.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<letter-{number}@northlight.example>"
    message.set_content("Dear Anna,\n\nthank you.\n")
    message.add_alternative("<p>Dear Anna, <b>thank you</b>.</p>", subtype="html")
    message.add_attachment(b"%PDF-1.7 pretend", maintype="application", subtype="pdf", filename="Rechnung ü.pdf")
    return message


def send(sandbox: RunningSandbox, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as line:
        return line.send_message(message)


def test_an_accepted_mail_is_kept_whole_and_counted_once(sandbox: RunningSandbox) -> None:
    message = letter(subject="Ihre Rechnung über 1.240,00 €")

    send(sandbox, message)

    kept = opened(sandbox.store, "1")
    assert kept is not None
    assert kept["subject"] == "Ihre Rechnung über 1.240,00 €"
    assert kept["envelope_to"] == ["anna@example.org"]
    assert "thank you" in kept["text"]
    assert "<b>thank you</b>" in kept["html"]
    assert [part["name"] for part in kept["attachments"]] == ["Rechnung ü.pdf"]
    assert kept["has_attachment"] is True
    assert len(kept["attachments"][0]["sha256"]) == 64
    (effect,) = sandbox.store.effects("mail.accepted")
    assert effect["subject"] == "<letter-1@northlight.example>"
    assert effect["detail"]["to"] == ["anna@example.org"]


def test_a_bouncing_address_is_refused_for_good_and_the_others_get_theirs(sandbox: RunningSandbox) -> None:
    mail.set_answer(sandbox.store, "gone@example.org", "bounce")

    refused = send(sandbox, letter(to="gone@example.org, here@example.org"))

    assert refused["gone@example.org"][0] == 550
    assert sandbox.store.newest("mail")[0]["envelope_to"] == ["here@example.org"]
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(sandbox, letter(to="Gone@Example.org"))


def test_greylisting_ends_after_its_number_of_tries(sandbox: RunningSandbox) -> None:
    mail.set_answer(sandbox.store, "slow@example.org", "greylist", 2)

    codes = []
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(sandbox, letter(to="slow@example.org"))
        codes.append(refused.value.recipients["slow@example.org"][0])
    send(sandbox, letter(to="slow@example.org"))

    assert codes == [451, 451]
    assert sandbox.store.count("mail") == 1


def test_a_full_mailbox_of_a_whole_domain_answers_452(sandbox: RunningSandbox) -> None:
    mail.set_answer(sandbox.store, "*@full.example", "full")

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(sandbox, letter(to="any@full.example"))

    assert refused.value.recipients["any@full.example"][0] == 452
    mail.clear_answers(sandbox.store)
    assert send(sandbox, letter(to="any@full.example")) == {}


def test_a_line_dropped_after_accepting_leaves_the_mail_sent(sandbox: RunningSandbox) -> None:
    mail.set_answer(sandbox.store, "anna@example.org", "drop")

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(sandbox, letter())

    assert sandbox.store.count("mail") == 1
    assert send(sandbox, letter(number=2)) == {}


def test_a_server_that_is_down_takes_nobody(sandbox: RunningSandbox) -> None:
    mail.set_answer(sandbox.store, "*", "down")

    with pytest.raises((smtplib.SMTPException, OSError)):
        send(sandbox, letter())

    mail.clear_answers(sandbox.store)
    assert send(sandbox, letter()) == {}


def test_headers_in_plain_utf_8_and_broken_ones_are_readable(sandbox: RunningSandbox) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as line:
        head = "Subject: Größe\r\nTo: =?x-nonsense?q?abc?= <b@example.org>\r\n\r\nHello"
        line.sendmail("a@example.org", ["b@example.org"], head.encode(), mail_options=["SMTPUTF8", "BODY=8BITMIME"])

    (kept,) = sandbox.store.newest("mail")
    assert kept["subject"] == "Größe"
    assert kept["to"] == "=?x-nonsense?q?abc?= <b@example.org>"


def test_any_credentials_are_welcome(sandbox: RunningSandbox) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as line:
        assert line.login("studio", "anything")[0] == 235


def test_a_mail_without_headers_or_body_is_still_a_mail(sandbox: RunningSandbox) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as line:
        line.sendmail("", ["anna@example.org"], b"X-Odd: 1\r\n\r\n")

    kept = opened(sandbox.store, "1")
    assert kept is not None
    assert (kept["subject"], kept["message_id"], kept["html"]) == ("", "", None)
    assert sandbox.store.effects("mail.accepted")[0]["subject"] == "1"


def test_many_mails_over_one_line_are_all_kept(sandbox: RunningSandbox) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as line:
        for number in range(60):
            line.send_message(letter(number=number))

    assert sandbox.store.count("mail") == 60
    assert len({row["message_id"] for row in sandbox.store.newest("mail")}) == 60


def test_accepting_reads_no_further_than_the_headers() -> None:
    store = Store(":memory:")
    mailbox = mail.Mailbox(store, SandboxClock(store))
    broken = b"Subject: =?utf-8?q?Fo=C3?= x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\xff\xfe"

    kept: Any = mailbox.accept("a@example.org", ["b@example.org"], broken)

    assert mail.raw_mail(store, kept["id"]) == broken
    assert opened(store, kept["id"]) is not None
    assert mail.raw_mail(store, "none") is None
