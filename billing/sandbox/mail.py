"""A real SMTP server that keeps every mail it accepts, and refuses, delays or drops when told to.

Accepting only cuts the header block apart; bodies are parsed when somebody looks at them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from fnmatch import fnmatchcase

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from billing.sandbox import faults
from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store

KIND, RAW_KIND = "mail", "mail.raw"
_ANSWERS = {
    "bounce": "550 5.1.1 The mailbox does not exist",
    "greylist": "451 4.7.1 Greylisted, please try again later",
    "full": "452 4.2.2 The mailbox is full",
}
_SIZE_LIMIT = 25_000_000
_HEADERS = BytesHeaderParser(policy=policy.compat32)  # five times as fast as the modern one, and enough for a list


def set_answer(store: Store, address: str, kind: str, times: int = 1) -> Body:
    """How the server answers one recipient (`*@example.org` is every one of a domain). Greylisting ends after `times`;
    bouncing and a full mailbox last until `clear_answers`."""
    times = times if kind in ("greylist", "drop") else 1_000_000_000
    return faults.add(store, "smtp", {"kind": kind, "address": address.lower(), "times": times})


def clear_answers(store: Store) -> None:
    for fault in store.newest("fault", "smtp"):
        store.delete("fault", fault["id"])


def parse(raw: bytes) -> EmailMessage:
    """The whole mail, for whoever looks at it."""
    message: EmailMessage = BytesParser(policy=policy.default).parsebytes(raw)
    return message


def raw_mail(store: Store, id_: str) -> bytes | None:
    """The mail as it came over the wire (RFC 5322 bytes)."""
    body = store.get(RAW_KIND, id_)
    return base64.b64decode(body["raw"]) if body else None


class Mailbox:
    """What happens to a mail once it is accepted."""

    def __init__(self, store: Store, clock: SandboxClock) -> None:
        self.store, self._clock = store, clock

    def accept(self, sender: str, recipients: list[str], raw: bytes) -> Body:
        head = _HEADERS.parsebytes(raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n\n")
        fields = {name.lower(): str(value) for name, value in reversed(list(head.raw_items()))}
        at = self._clock.now().isoformat()
        mail: Body = {"envelope_from": sender, "envelope_to": recipients, "received_at": at}
        for field in ("from", "to", "subject", "message-id", "date"):
            mail[field.replace("-", "_")] = _header(fields.get(field, ""))
        mail.update({"size": len(raw), "has_attachment": b"content-disposition: attachment" in raw.lower()})
        with self.store.transaction():
            mail["id"] = str(self.store.next_number("mail"))
            self.store.put(RAW_KIND, mail["id"], {"raw": base64.b64encode(raw).decode()})
            self.store.put(KIND, mail["id"], mail)
            detail = {"to": recipients, "subject": mail["subject"], "mail_id": mail["id"]}
            self.store.record_effect("mail.accepted", mail["message_id"] or mail["id"], at, detail)
        return mail

    def answer_for(self, address: str, kinds: frozenset[str]) -> Body | None:
        for fault in reversed(self.store.newest("fault", "smtp")):
            if fault["kind"] in kinds and fnmatchcase(address.lower(), fault["address"] or "*"):
                faults.use_up(self.store, fault)
                return fault
        return None


def _header(text: str) -> str:
    """A header's text on one line, encoded words decoded; what cannot be decoded is shown as it came."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "=?" in text:
        with contextlib.suppress(LookupError, UnicodeError, ValueError):
            text = str(make_header(decode_header(text)))
    return " ".join(text.split())


class _Handler:
    """The hooks aiosmtpd calls (their names are its own)."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._mailbox.answer_for(address, frozenset(_ANSWERS))
        if fault is not None:
            return _ANSWERS[fault["kind"]]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        raw = envelope.content
        mail = self._mailbox.accept(
            envelope.mail_from or "", list(envelope.rcpt_tos), raw if isinstance(raw, bytes) else b""
        )
        drops, line = frozenset({"drop"}), server.transport
        told = [self._mailbox.answer_for(address, drops) for address in mail["envelope_to"]]
        if any(told) and isinstance(line, asyncio.Transport):
            line.abort()
        return f"250 2.0.0 OK: queued as {mail['id']}"


class _Server(SMTP):
    """aiosmtpd's protocol, on a machine that can also be off."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        super().__init__(
            _Handler(mailbox),
            hostname="mail.sandbox.example",
            ident="Studio sandbox",
            enable_SMTPUTF8=True,
            data_size_limit=_SIZE_LIMIT,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._mailbox.answer_for("", frozenset({"down"})) and isinstance(transport, asyncio.Transport):
            transport.abort()
        super().connection_made(transport)


async def start_smtp(store: Store, clock: SandboxClock, port: int) -> asyncio.Server:
    """Listen on 127.0.0.1 (port 0: any free one) in the running loop."""
    mailbox = Mailbox(store, clock)
    return await asyncio.get_running_loop().create_server(lambda: _Server(mailbox), "127.0.0.1", port)
