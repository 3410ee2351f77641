"""After a whole session no card number and no secret is anywhere that it should not be."""

from __future__ import annotations

import base64
import email
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.policy import default
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import Engine
from studios import studio_at_the_wire

from billing.adapters.ledger.schema import documents, domain_events
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.bootstrap import open_warehouse
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.sandbox.oracle import oracle
from billing.sandbox.store import Store
from billing.sandbox.stripe.cards import _CARDS
from billing.settings import Settings

SECRETS = {
    "vsco_api_key": "canary-vsco-4711",
    "stripe_api_key": "rk_test_canary4711",
    "stripe_webhook_secrets": "whsec_canary4711",
    "smtp_password": "canary-smtp-4711",
    "pixieset_session_cookie": "canary-cookie-4711",
    "pixieset_csrf_token": "canary-csrf-4711",
}
# What the sandbox must itself know to let us in; its own file is the vendor's, not ours.
KNOWN_OUTSIDE = {
    "vsco:api_key": SECRETS["vsco_api_key"],
    "pixieset:session": SECRETS["pixieset_session_cookie"],
    "pixieset:csrf": SECRETS["pixieset_csrf_token"],
}
TYPED = "5555555555554444"  # on the pay page
_NUMBER = re.compile(rb"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


@dataclass(frozen=True)
class Run:
    """All that one whole session has left behind, by where it is."""

    traces: dict[str, bytes]
    saved: list[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder, said = tmp_path_factory.mktemp("run"), _Said()
    logging.getLogger().addHandler(said)
    before = {name: logging.getLogger(name).level for name in ("", "stripe", "httpx", "httpcore", "aiosmtplib")}
    for name in before:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield _live_through(folder, said)
    finally:
        logging.getLogger().removeHandler(said)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


class _Said(logging.Handler):
    """Every log record of every library, as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "mail.log":
            return  # the sandbox's mail server: it is on the other side of the wire
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


def _live_through(folder: Path, said: _Said) -> Run:
    secret = dict(SECRETS, smtp_username="studio")
    with studio_at_the_wire(folder, known_outside=KNOWN_OUTSIDE, is_printed=True, **secret) as (wire, settings):
        with closing(World(wire.sandbox.url)) as world:
            assert save_cards(wire.ctx, world, wire.plan) == 1
        wire.converge()
        with wire.ctx.ledger.read() as uow:
            links = [uow.pay_links.newest_open(row.invoice.invoice_id) for row in uow.invoices.unpaid()]
        for link in filter(None, links):
            form = {"number": TYPED, "expiry": "12/40", "cvc": "737", "name": "A Client", "email": "a@client.example"}
            assert httpx.post(link.url, data=form, follow_redirects=True).status_code == 200
        wire.converge()
        charged = oracle(wire.sandbox.store)["charges"]["succeeded"]
        assert charged > len(links) > 0  # on the pay page, and by the saved card
        open_warehouse(settings).rebuild()
        saved = [client.card for client in wire.plan.clients if client.card]
        traces = _files(folder) | _documents(SqlLedger(settings.ledger_url).engine) | _mails(wire.sandbox.store)
        return Run(traces | {"log": "\n".join(said.lines).encode()} | _shown(settings), saved)


def _files(folder: Path) -> dict[str, bytes]:
    return {f"file {path.name}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _documents(engine: Engine) -> dict[str, bytes]:
    with engine.connect() as connection:
        pdfs = connection.execute(documents.select()).all()
        events = connection.execute(domain_events.select()).all()
    assert pdfs
    assert events
    texts = {f"pdf of {row.subject_id}": _text_of(row.content) for row in pdfs}
    return texts | {"domain events": repr(events).encode()}


def _text_of(content: bytes) -> bytes:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).encode()


def _mails(store: Store) -> dict[str, bytes]:
    """Headers and every part decoded; the PDFs in them as text."""
    found = {}
    for number, kept in enumerate(store.newest("mail.raw")):
        raw = base64.b64decode(kept["raw"])
        message = email.message_from_bytes(raw, policy=default)
        parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
        texts = [_text_of(part) if part.startswith(b"%PDF") else part for part in parts]
        found[f"mail {number}"] = b"\n".join([raw, *texts])
    assert found
    return found


def _shown(settings: Settings) -> dict[str, bytes]:
    return {"settings": f"{settings!r} {settings}".encode()}


def test_no_card_number_is_left_anywhere(run: Run) -> None:
    assert run.saved
    found = {
        (where, number)
        for where, content in run.traces.items()
        for match in _NUMBER.findall(content)
        if (number := re.sub(rb"[ -]", b"", match).decode()) in _CARDS and _is_luhn(number)
    }
    assert found == set()


def test_no_secret_is_left_anywhere(run: Run) -> None:
    known = set(KNOWN_OUTSIDE.values())
    found = {
        (where, name)
        for where, content in run.traces.items()
        for name, secret in SECRETS.items()
        if secret.encode() in content and not (where.startswith("file sandbox.db") and secret in known)
    }
    assert found == set()


def test_the_scans_look_at_everything_and_find_what_is_there(run: Run) -> None:
    for name in ("file ledger.db", "file sandbox.db", "file warehouse.duckdb", "log", "domain events", "settings"):
        assert run.traces[name]
    for kind in ("pdf of ", "mail "):
        assert any(b"INV-" in content for where, content in run.traces.items() if where.startswith(kind))
    assert all(secret.encode() in run.traces["file sandbox.db"] for secret in KNOWN_OUTSIDE.values())


def test_the_scans_find_what_they_look_for() -> None:
    assert _is_luhn(TYPED)
    assert all(map(_is_luhn, _CARDS))
    assert _NUMBER.findall(b"paid by 5555 5555 5555 4444.") == [b"5555 5555 5555 4444"]
    assert {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)} == set(
        SECRETS
    )


def _is_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
