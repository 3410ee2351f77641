from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from odd_mail_servers import Postman, mail_server, password_is, scripted_server, server_tls, trusting_tls

from billing.adapters.smtp import SmtpMailer, mailer, outcomes
from billing.domain.errors import BillingError, PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.mail import Letter, Mail

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd's word on logins without TLS

MAIL = Mail(
    message_id="<effect-1@northlight.example>",
    sender="North Light <studio@northlight.example>",
    to=("anna@example.com",),
    letter=Letter("Your invoice", "Dear Anna,\n.\n..two dots\nWarm regards\n", "<p>Dear Anna,</p>"),
)
QUICK = 0.5  # seconds a client waits for a server that has fallen silent
HELLO = (b"220 ready\r\n", b"250 hello\r\n")


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def port(postman: Postman) -> Iterator[int]:
    with mail_server(postman) as port:
        yield port


@pytest.fixture
def smtp(port: int) -> Iterator[SmtpMailer]:
    sender = SmtpMailer("127.0.0.1", port, timeout_seconds=QUICK)
    yield sender
    sender.close()


def outcome(sender: SmtpMailer, mail: Mail = MAIL) -> tuple[type[BillingError], str]:
    with pytest.raises(BillingError) as caught:
        sender.send(mail)
    sender.close()
    return type(caught.value), caught.value.code


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_trying_out_says_whose_mail_it_would_be_and_sends_none(smtp: SmtpMailer, port: int, postman: Postman) -> None:
    assert smtp.try_out() == smtp.try_out("hallo@müller.example") == f"127.0.0.1:{port}"
    assert postman.accepted == []

    postman.answers["MAIL"] = "553 5.7.1 Sender address rejected: not owned by user"
    assert smtp.try_out()
    with pytest.raises(PermanentError, match=r"refuses to take our mail: 553 5\.7\.1 Sender address rejected"):
        smtp.try_out("hello@northlight.example")


def test_trying_out_says_that_a_server_cannot_write_our_address() -> None:
    beyond = pytest.raises(PermanentError, match="takes no addresses with letters beyond ASCII")
    with mail_server(Postman(), enable_SMTPUTF8=False) as port, beyond:
        SmtpMailer("127.0.0.1", port, timeout_seconds=QUICK).try_out("büro@northlight.example")


def test_a_mail_arrives_whole(smtp: SmtpMailer, postman: Postman) -> None:
    smtp.send(MAIL)

    (envelope,) = postman.accepted
    assert (envelope.mail_from, envelope.rcpt_tos) == ("studio@northlight.example", ["anna@example.com"])
    assert isinstance(envelope.content, bytes)
    assert b"Message-ID: <effect-1@northlight.example>" in envelope.content
    assert b"Dear Anna,\r\n.\r\n..two dots\r\nWarm regards\r\n" in envelope.content


def test_mails_that_follow_one_another_share_a_line(smtp: SmtpMailer, postman: Postman) -> None:
    for _ in range(3):
        smtp.send(MAIL)

    assert (len(postman.accepted), postman.connections) == (3, 1)


def test_each_thread_has_a_line_of_its_own(smtp: SmtpMailer, postman: Postman) -> None:
    threads = [threading.Thread(target=smtp.send, args=(MAIL,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(postman.accepted), postman.connections) == (4, 4)


def test_after_closing_a_new_line_is_opened(smtp: SmtpMailer, postman: Postman) -> None:
    smtp.send(MAIL)
    smtp.close()
    smtp.close()
    smtp.send(MAIL)

    assert postman.connections == 2


def test_a_line_idle_for_long_is_not_trusted(
    smtp: SmtpMailer, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp.send(MAIL)
    monkeypatch.setattr(mailer, "_IDLE_SECONDS", -1.0)

    smtp.send(MAIL)

    assert (len(postman.accepted), postman.connections) == (2, 2)


def test_a_server_that_restarted_meanwhile_is_called_again(postman: Postman) -> None:
    with mail_server(postman) as port:
        sender = SmtpMailer("127.0.0.1", port, timeout_seconds=QUICK)
        sender.send(MAIL)
    with mail_server(postman, port=port):
        sender.send(MAIL)
        sender.close()

    assert (len(postman.accepted), postman.connections) == (2, 2)


def test_closing_a_line_that_is_dead_does_no_harm(postman: Postman) -> None:
    with mail_server(postman) as port:
        sender = SmtpMailer("127.0.0.1", port, timeout_seconds=QUICK)
        sender.send(MAIL)

    sender.close()


def test_the_same_address_twice_gets_one_mail(smtp: SmtpMailer, postman: Postman) -> None:
    smtp.send(replace(MAIL, to=("anna@example.com", "anna@EXAMPLE.com")))

    assert postman.accepted[0].rcpt_tos == ["anna@example.com"]


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("MAIL", "451 try later", (TemporaryError, "smtp_unavailable")),
        ("MAIL", "421 closing", (TemporaryError, "smtp_unavailable")),
        ("MAIL", "550 you may not send", (PermanentError, "smtp_refused")),
        ("MAIL", "530 log in first", (PermanentError, "smtp_auth")),
        ("anna@example.com", "450 greylisted", (TemporaryError, "smtp_greylisted")),
        ("anna@example.com", "451 try later", (TemporaryError, "smtp_greylisted")),
        ("anna@example.com", "550 no such user", (PermanentError, "mail_bounced")),
        ("DATA", "452 disk full", (TemporaryError, "smtp_greylisted")),
        ("DATA", "554 looks like spam", (PermanentError, "mail_bounced")),
    ],
)
def test_an_answer_of_the_server_is_a_clean_outcome(
    smtp: SmtpMailer, postman: Postman, step: str, answer: str, expected: tuple[type, str]
) -> None:
    postman.answers[step] = answer

    assert outcome(smtp) == expected
    assert not postman.accepted


def test_a_bounce_names_the_address_and_the_server_s_words(smtp: SmtpMailer, postman: Postman) -> None:
    postman.answers["anna@example.com"] = "550 5.1.1 no such user here"

    with pytest.raises(PermanentError, match=r"anna@example.com: 550 5\.1\.1 no such user here"):
        smtp.send(MAIL)


def test_one_accepted_recipient_is_a_mail_sent(
    smtp: SmtpMailer, postman: Postman, caplog: pytest.LogCaptureFixture
) -> None:
    postman.answers["ben@example.com"] = "550 no such user"

    with caplog.at_level(logging.WARNING):
        refused = smtp.send(replace(MAIL, to=("anna@example.com", "ben@example.com")))

    assert refused == {"ben@example.com": "550 no such user"}
    assert postman.accepted[0].rcpt_tos == ["anna@example.com"]
    assert "refused b…@example.com: 550 no such user" in caplog.text
    assert "ben@" not in caplog.text


def test_what_is_no_address_takes_none_of_the_others_with_it(smtp: SmtpMailer, postman: Postman) -> None:
    refused = smtp.send(replace(MAIL, to=("n/a@none", "anna@example.com")))

    assert postman.accepted[0].rcpt_tos == ["anna@example.com"]
    assert b"To: anna@example.com\r\n" in postman.accepted[0].content
    assert list(refused) == ["n/a@none"]


def test_a_mail_that_every_address_takes_leaves_none_refused(smtp: SmtpMailer) -> None:
    assert smtp.send(MAIL) == {}


def test_all_refused_but_one_only_for_now_is_worth_another_try(smtp: SmtpMailer, postman: Postman) -> None:
    postman.answers |= {"ben@example.com": "550 no such user", "anna@example.com": "450 greylisted"}

    assert outcome(smtp, replace(MAIL, to=("ben@example.com", "anna@example.com"))) == (
        TemporaryError,
        "smtp_greylisted",
    )


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize("how", ["drops_line_at", "falls_silent_at"])
def test_a_line_lost_before_the_data_means_that_nothing_happened(
    smtp: SmtpMailer, postman: Postman, step: str, how: str
) -> None:
    setattr(postman, how, step)

    assert outcome(smtp) == (TemporaryError, "smtp_unavailable")


@pytest.mark.parametrize("how", ["drops_line_at", "falls_silent_at"])
def test_a_line_lost_after_the_data_leaves_the_outcome_unknown(smtp: SmtpMailer, postman: Postman, how: str) -> None:
    setattr(postman, how, "DATA")

    assert outcome(smtp) == (UnknownOutcomeError, "mail_unknown")


def test_after_a_failure_the_next_mail_starts_on_a_fresh_line(smtp: SmtpMailer, postman: Postman) -> None:
    postman.answers["anna@example.com"] = "550 no such user"
    with pytest.raises(PermanentError):
        smtp.send(MAIL)

    smtp.send(replace(MAIL, to=("ben@example.com",)))

    assert postman.accepted[0].rcpt_tos == ["ben@example.com"]


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ((b"421 too busy\r\n",), (TemporaryError, "smtp_unavailable")),
        ((b"554 not for you\r\n",), (PermanentError, "smtp_refused")),
        ((b"SSH-2.0-OpenSSH\r\n",), (TemporaryError, "smtp_unavailable")),
        ((None,), (TemporaryError, "smtp_unavailable")),
        ((b"220 ready\r\n", b"421 bye\r\n", b"421 bye\r\n"), (TemporaryError, "smtp_unavailable")),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"451 not now\r\n"), (TemporaryError, "smtp_greylisted")),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", None), (TemporaryError, "smtp_unavailable")),
    ],
)
def test_a_server_that_will_not_talk(replies: tuple[bytes | None, ...], expected: tuple[type, str]) -> None:
    with scripted_server(*replies) as port:
        assert outcome(SmtpMailer("127.0.0.1", port, timeout_seconds=QUICK)) == expected


def test_nonsense_after_the_data_leaves_the_outcome_unknown() -> None:
    with scripted_server(*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n", b"what?\r\n") as port:
        assert outcome(SmtpMailer("127.0.0.1", port, timeout_seconds=QUICK)) == (UnknownOutcomeError, "mail_unknown")


def test_a_server_that_is_down_is_a_temporary_error() -> None:
    assert outcome(SmtpMailer("127.0.0.1", free_port())) == (TemporaryError, "smtp_unavailable")


def test_a_host_without_an_address_is_a_temporary_error() -> None:
    assert outcome(SmtpMailer("nowhere.invalid", 25)) == (TemporaryError, "smtp_unavailable")


def login_options(**changes: Any) -> dict[str, Any]:
    return {"authenticator": password_is("secret"), "auth_required": True, "auth_require_tls": False} | changes


def test_the_right_password_opens_the_endpoint(postman: Postman) -> None:
    with mail_server(postman, **login_options()) as port:
        sender = SmtpMailer("127.0.0.1", port, username="studio", password="secret")
        sender.send(MAIL)
        sender.close()

    assert len(postman.accepted) == 1


@pytest.mark.parametrize("password", ["wrong", None])
def test_a_wrong_password_is_a_permanent_error_that_does_not_show_it(postman: Postman, password: str | None) -> None:
    with mail_server(postman, **login_options()) as port:
        sender = SmtpMailer("127.0.0.1", port, username="studio", password=password)
        with pytest.raises(PermanentError) as caught:
            sender.send(MAIL)

    assert caught.value.code == "smtp_auth"
    assert "wrong" not in caught.value.sentence


def test_a_server_without_logins_is_a_wrong_setting(port: int) -> None:
    with scripted_server(*HELLO) as plain:
        sender = SmtpMailer("127.0.0.1", plain, username="studio", password="secret", timeout_seconds=QUICK)

        assert outcome(sender) == (PermanentError, "smtp_auth")


def test_starttls_is_used_when_asked_for(postman: Postman) -> None:
    with mail_server(postman, tls_context=server_tls(), require_starttls=True) as port:
        sender = SmtpMailer("127.0.0.1", port, security="starttls", tls_context=trusting_tls())
        sender.send(MAIL)
        sender.close()

    assert len(postman.accepted) == 1


def test_mail_is_never_sent_in_the_clear_when_tls_was_asked_for(smtp: SmtpMailer, port: int, postman: Postman) -> None:
    sender = SmtpMailer("127.0.0.1", port, security="starttls")

    assert outcome(sender) == (PermanentError, "smtp_tls")
    assert not postman.accepted


def test_a_certificate_that_is_not_trusted_is_refused(postman: Postman) -> None:
    with mail_server(postman, tls_context=server_tls()) as port:
        assert outcome(SmtpMailer("127.0.0.1", port, security="starttls")) == (PermanentError, "smtp_tls")


def test_tls_from_the_first_byte_says_what_went_wrong(port: int) -> None:
    sender = SmtpMailer("127.0.0.1", port, security="tls", tls_context=trusting_tls(), timeout_seconds=QUICK)

    assert outcome(sender) == (TemporaryError, "smtp_unavailable")


def test_tls_from_the_first_byte_carries_mail(postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(postman, ssl_context=server_tls()) as port:
        sender = SmtpMailer("127.0.0.1", port, security="tls", tls_context=trusting_tls())
        sender.send(MAIL)
        sender.close()

    assert len(postman.accepted) == 1


def test_letters_beyond_ascii_in_an_address_reach_a_server_that_knows_them(postman: Postman) -> None:
    with mail_server(postman, enable_SMTPUTF8=True) as port:
        sender = SmtpMailer("127.0.0.1", port)
        sender.send(replace(MAIL, to=("änna@example.com",)))
        sender.close()

    assert postman.accepted[0].rcpt_tos == ["änna@example.com"]


def test_letters_beyond_ascii_in_an_address_are_refused_where_unknown(postman: Postman) -> None:
    with scripted_server(*HELLO) as port:
        sender = SmtpMailer("127.0.0.1", port, timeout_seconds=QUICK)

        assert outcome(sender, replace(MAIL, to=("änna@example.com",))) == (PermanentError, "mail_bounced")


def test_an_invalid_address_never_reaches_the_server(smtp: SmtpMailer, postman: Postman) -> None:
    assert outcome(smtp, replace(MAIL, to=("anna",))) == (PermanentError, "invalid_email")
    assert postman.connections == 0


def test_what_is_no_fault_of_the_line_stays_what_it_is() -> None:
    error = KeyboardInterrupt()

    assert outcomes.before_data(error, "mail.example:25") is error
