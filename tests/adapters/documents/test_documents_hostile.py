"""Names and notes that attack: none reaches the network, a file, a header or a template."""

from __future__ import annotations

import base64
import io
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from document_samples import CLIENT, PAY_URL, SESSION, STUDIO, invoice, line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from samples import examples

from billing.adapters.documents import Letters, PdfRenderer
from billing.adapters.documents.press import sealed_fetcher
from billing.adapters.documents.typesetter import typeset
from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.mail import GalleryMail, InvoiceMail, MailContent, Owed, ReceiptMail, RefundMail, ReminderMail
from billing.ports.outside import RenderJob


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A port of this machine that nobody may knock at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("canary-4711")
    return path


def nobody_knocked(trap: socket.socket) -> bool:
    try:
        trap.accept()
    except BlockingIOError:
        return True
    return False


def attacks(trap: socket.socket, secret: Path) -> str:
    host = f"http://127.0.0.1:{trap.getsockname()[1]}"
    return (
        f"\"'><img src={host}/a><link rel=attachment href={secret.as_uri()}><link rel=stylesheet href={host}/s>"
        f"<style>@import url({host}/c);*{{background:url({host}/b)}}</style><script src={host}/j></script>"
        f"<base href={host}><object data={host}/o></object></title></head>{{{{ 7*7 }}}}{{% include 'x' %}}"
        f'\\"}} @import url({host}/i);\r\nBcc: all@example.com'
    )


def everywhere(text: str, **changes: object) -> Invoice:
    """An invoice with the text in every field that somebody else writes."""
    lines = tuple(line(number, text, 1000, description=text) for number in range(12))
    return invoice(
        number=text,
        language=text,
        page_size=text,
        lines=lines,
        client=replace(CLIENT, name=text, company=text, address_lines=(text, text)),
        session=replace(SESSION, name=text, place=text, photographer=text),
        studio=replace(
            STUDIO,
            name=text,
            address_lines=(text,),
            phone=text,
            terms=text,
            accent=text,
            bank_details=(text,),
            **changes,
        ),
    )


def rendered(bill: Invoice, watermark: str | None = None) -> PdfReader:
    return PdfReader(io.BytesIO(typeset(RenderJob(bill, PAY_URL, watermark))))


def test_hostile_text_is_printed_and_not_obeyed(trap: socket.socket, secret: Path) -> None:
    pdf = rendered(everywhere(attacks(trap, secret)), attacks(trap, secret))

    text = "".join(page.extract_text() for page in pdf.pages)
    assert nobody_knocked(trap)
    assert not pdf.attachments
    assert "canary" not in text
    assert "49" not in text.replace(str(trap.getsockname()[1]), "")
    assert "7*7" in text


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_logo_reaches_neither_the_network_nor_a_file(trap: socket.socket, secret: Path, scheme: str) -> None:
    target = secret.as_uri() if scheme == "file" else f"http://127.0.0.1:{trap.getsockname()[1]}/x"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">'
        f'<style>@import url("{target}");</style><image xlink:href="{target}" width="9" height="9"/>'
        f'<use href="{target}#a"/></svg>'
    )
    logo = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()

    pdf = rendered(invoice(studio=replace(STUDIO, logo=logo)))
    linked = rendered(invoice(studio=replace(STUDIO, logo=target)))

    assert nobody_knocked(trap)
    for page in (pdf.pages[0].extract_text(), linked.pages[0].extract_text()):
        assert "canary" not in page
        assert "North Light" in page.splitlines()  # a name is a whole head, half a picture is none


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "ftp://127.0.0.1:1/", "file:///etc/passwd"]
)
def test_the_fetcher_knows_no_way_out(url: str) -> None:
    with pytest.raises(ValueError, match="disallowed protocol"):
        sealed_fetcher().fetch(url)


def test_the_fetcher_opens_what_came_along() -> None:
    assert sealed_fetcher().fetch("data:text/plain,hello").read() == b"hello"


def contents(bill: Invoice, text: str) -> list[MailContent]:
    owed = Owed(bill.issued_on, 100)
    return [
        InvoiceMail(bill, owed, PAY_URL),
        InvoiceMail(replace(bill, card_label=text), replace(owed, charge_on=bill.due_on)),
        ReceiptMail(bill, 100, bill.issued_on, text, owed),
        RefundMail(bill, 100, bill.issued_on, text, owed),
        ReminderMail(bill, text, replace(owed, as_of=bill.due_on + timedelta(days=3)), PAY_URL),
        GalleryMail(bill, text, PAY_URL, "lilac", None, None),
    ]


def test_hostile_text_in_letters_is_text(trap: socket.socket, secret: Path) -> None:
    text = attacks(trap, secret)

    letters = [Letters().write(content) for content in contents(everywhere(text), text)]

    for letter in letters:
        assert len(letter.subject.splitlines()) == 1
        assert not any(line.startswith("Bcc:") for line in letter.text.splitlines())
        assert letter.html.count("<img") == letter.html.count("<link") == letter.html.count("<script") == 0
        assert letter.html.count("<style>") == 1
        assert "7*7" in letter.html


@settings(max_examples=examples(20, 60), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=80))
def test_any_text_makes_a_letter_of_sound_lines(text: str) -> None:
    for content in contents(everywhere(text), text):
        letter = Letters().write(content)

        assert len(letter.subject.splitlines()) == 1
        assert "\x00" not in letter.text + letter.html


@settings(max_examples=examples(8, 60), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=40))
def test_any_text_makes_a_document_or_a_sentence(text: str) -> None:
    bill = replace(everywhere(text), lines=(line(1, text, 100, description=text),))

    try:
        PdfRenderer().check_printable(bill)
    except PermanentError:
        with pytest.raises(PermanentError, match="No font has"):
            typeset(RenderJob(bill, PAY_URL, text))
    else:
        assert typeset(RenderJob(bill, PAY_URL, text)).startswith(b"%PDF")
