"""Mail servers on loopback: real ones (aiosmtpd) with odd answers, and scripted ones for what no real one does."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CERTIFICATE = Path(__file__).parent / "loopback_certificate.pem"  # for loopback and tests only; valid for 100 years


class Postman:
    """Takes mail, unless told to answer otherwise. Counts what it accepted and how often somebody connected."""

    def __init__(self) -> None:
        self.accepted: list[Envelope] = []
        self.connections = 0
        self.answers: dict[str, str] = {}  # recipient, "MAIL" or "DATA" -> answer
        self.drops_line_at: str | None = None  # "MAIL" | "RCPT" | "DATA"
        self.falls_silent_at: str | None = None

    async def handle_EHLO(  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if odd := await self._odd(server, "MAIL", "MAIL"):
            return odd
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if odd := await self._odd(server, "RCPT", address):
            return odd
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        odd = await self._odd(server, "DATA", "DATA")
        if odd is None:
            self.accepted.append(envelope)
        return odd or "250 taken"

    async def _odd(self, server: SMTP, step: str, key: str) -> str | None:
        if self.falls_silent_at == step:
            await asyncio.Event().wait()
        if self.drops_line_at == step:
            assert server.transport is not None
            server.transport.abort()
        return self.answers.get(key)


class _FreePort(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(postman: Postman, port: int = 0, **options: Any) -> Iterator[int]:
    """A real mail server; yields its port."""
    controller = _FreePort(postman, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def password_is(expected: str) -> Callable[..., AuthResult]:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and data.password == expected.encode()
        return AuthResult(success=known, handled=False)

    return check


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def trusting_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@contextmanager
def scripted_server(*replies: bytes | None) -> Iterator[int]:
    """Greets with the first reply and answers each line with the next; `None` hangs up. Yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_play, args=(listener, replies), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
    thread.join(timeout=5)


def _play(listener: socket.socket, replies: tuple[bytes | None, ...]) -> None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    with connection, connection.makefile("rb") as lines:
        for number, reply in enumerate(replies):
            if number and not lines.readline():
                return
            if reply is None:
                return
            connection.sendall(reply)
        lines.read()
