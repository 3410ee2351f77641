"""The Mailer: one SMTP transaction a mail, over a connection that is kept, with an outcome that can be trusted."""

from __future__ import annotations

import logging
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from billing.adapters.smtp import outcomes
from billing.adapters.smtp.message import as_sent, check_address, needs_utf8, sender_of
from billing.domain.errors import PermanentError
from billing.domain.mail import Mail

Security = Literal["none", "starttls", "tls"]

_LOG = logging.getLogger(__name__)
_IDLE_SECONDS = 60.0  # servers hang up after some minutes (RFC 5321, 4.5.3.2.7: five); ours leaves before that
_LINE_BEGINS_WITH_DOT = re.compile(rb"(?m)^\.")


class SmtpMailer:
    """Mailer over SMTP. Each thread has a connection of its own, kept while mails follow one another.

    `send` returns when the server has taken the mail for at least one recipient, and says which it did not take. Before
    the end of the message has gone out nothing can have happened, so a lost line is a TemporaryError; after it, and
    until the server's answer, it is an UnknownOutcomeError.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str | None = None,
        password: str | None = None,
        security: Security = "none",
        timeout_seconds: float = 30,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._password = username, password
        self._security = security
        self._timeout_seconds = timeout_seconds
        self._tls_context = tls_context
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: set[smtplib.SMTP] = set()

    def send(self, mail: Mail) -> dict[str, str]:
        """Hand over one mail; returns the recipients that it did not reach, each with the reason.

        Raises PermanentError, TemporaryError or UnknownOutcomeError (module `outcomes`).
        """
        recipients, refused = _recipients(mail)
        mail = replace(mail, to=recipients)
        body = as_sent(mail)
        options = ["SMTPUTF8"] if needs_utf8(mail) else []
        connection = self._begin(sender_of(mail).addr_spec, options)
        try:
            refused |= self._offer(connection, recipients)
            self._hand_over(connection, recipients, body)
        except BaseException:
            self._drop(connection)
            raise
        self._mine.used_at = time.monotonic()
        return refused

    def try_out(self, sender: str | None = None) -> str:
        """Connect, greet and log in as for a mail, say whose it is, and send none; the server's address.

        Raises as `send` does. Without a `sender` it says nothing of one.
        """
        connection = self._connect()
        try:
            if sender is not None:
                address = check_address(sender)
                _mail_from(connection, address, [] if address.isascii() else ["SMTPUTF8"])
        except (smtplib.SMTPException, OSError) as error:
            raise outcomes.before_data(error, self._server) from error
        finally:
            self._drop(connection)
        return self._server

    def close(self) -> None:
        """Hang up, in all threads. The mailer can be used again."""
        with self._lock:
            connections, self._all = self._all, set()
        for connection in connections:
            _hang_up(connection)

    def _begin(self, sender: str, options: list[str]) -> smtplib.SMTP:
        """A connection on which MAIL FROM was accepted: the kept one, or a new one if that has died meanwhile."""
        kept = self._kept()
        if kept is not None:
            try:
                return _mail_from(kept, sender, options)
            except (smtplib.SMTPException, OSError):
                self._drop(kept)  # whatever it was, nothing was sent; a fresh line tells the truth
        connection = self._connect()
        try:
            return _mail_from(connection, sender, options)
        except BaseException as error:
            self._drop(connection)
            raise outcomes.before_data(error, self._server) from error

    def _offer(self, connection: smtplib.SMTP, recipients: Sequence[str]) -> dict[str, str]:
        refused: dict[str, tuple[int, bytes]] = {}
        try:
            for address in recipients:
                code, words = connection.rcpt(address)
                if code not in (250, 251):
                    refused[address] = (code, words)
        except (smtplib.SMTPException, OSError) as error:
            raise outcomes.before_data(error, self._server) from error
        if len(refused) == len(recipients):
            raise outcomes.all_refused(refused)
        for address, (code, words) in refused.items():
            _LOG.warning("%s refused %s: %s", self._server, outcomes.masked(address), outcomes.answer(code, words))
        return {address: outcomes.answer(code, words) for address, (code, words) in refused.items()}

    def _hand_over(self, connection: smtplib.SMTP, recipients: Sequence[str], body: bytes) -> None:
        try:
            code, words = connection.docmd("DATA")
            if code == 354:
                connection.send(_LINE_BEGINS_WITH_DOT.sub(b"..", body))
        except (smtplib.SMTPException, OSError) as error:
            raise outcomes.before_data(error, self._server) from error
        if code == 354:
            code, words = self._final_answer(connection)
        if code != 250:
            raise outcomes.not_taken(code, words, recipients, self._server)

    def _final_answer(self, connection: smtplib.SMTP) -> tuple[int, bytes]:
        try:
            connection.send(b".\r\n")  # from here on the server may have taken the mail
            code, words = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise outcomes.unknown(self._server, error) from error
        if not 200 <= code < 600:
            raise outcomes.unknown(self._server, ValueError(outcomes.answer(code, words)))
        return code, words

    def _kept(self) -> smtplib.SMTP | None:
        connection: smtplib.SMTP | None = getattr(self._mine, "connection", None)
        if connection is None or connection not in self._all:
            return None
        if time.monotonic() - self._mine.used_at > _IDLE_SECONDS:
            self._drop(connection)
            return None
        return connection

    def _connect(self) -> smtplib.SMTP:
        try:
            connection = self._open()
        except (smtplib.SMTPException, OSError) as error:
            raise outcomes.before_data(error, self._server) from error
        with self._lock:
            self._all.add(connection)
        self._mine.connection = connection
        return connection

    def _open(self) -> smtplib.SMTP:
        if self._security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout_seconds, context=self._context()
            )
        else:
            connection = smtplib.SMTP(self._host, self._port, timeout=self._timeout_seconds)
        _send_at_once(connection)
        try:
            if self._security == "starttls":
                connection.starttls(context=self._context())
            connection.ehlo_or_helo_if_needed()
            if self._username is not None:
                connection.login(self._username, self._password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        return self._tls_context or ssl.create_default_context()

    def _drop(self, connection: smtplib.SMTP) -> None:
        with self._lock:
            self._all.discard(connection)
        connection.close()

    @property
    def _server(self) -> str:
        return f"{self._host}:{self._port}"


def _recipients(mail: Mail) -> tuple[tuple[str, ...], dict[str, str]]:
    """Each once, in normal form; what is no address stops none of the others, and is returned with the reason."""
    recipients: dict[str, None] = {}
    refused: dict[str, str] = {}
    for address in mail.to:
        try:
            recipients[check_address(address)] = None
        except PermanentError as error:
            refused[address] = error.sentence
    if not recipients:
        raise PermanentError("invalid_email", " ".join(refused.values()) or "The mail has no address to go to.")
    return tuple(recipients), refused


def _send_at_once(connection: smtplib.SMTP) -> None:
    """Without it the final dot, which goes out by itself, waits 40 ms for the acknowledgement of the body."""
    assert connection.sock is not None
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _mail_from(connection: smtplib.SMTP, sender: str, options: list[str]) -> smtplib.SMTP:
    if options and not connection.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError("SMTPUTF8")
    code, words = connection.mail(sender, options)
    if code != 250:
        raise smtplib.SMTPResponseException(code, words)
    return connection


def _hang_up(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError):
        connection.close()
