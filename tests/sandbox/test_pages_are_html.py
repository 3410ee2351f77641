"""Every page of the sandbox is HTML without a parse error, and none is shown in quirks mode."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from tinyhtml5.parser import HTMLParser  # WeasyPrint's: that of the HTML standard, with its list of errors

from billing.sandbox.inbox import _in_new_tabs
from billing.sandbox.mail import Mailbox

LETTER = '<!doctype html>\n<html lang="en"><head><title>x</title></head><body><p>Hello</p></body></html>'
CARD = {"expiry": "04 / 30", "cvc": "123", "name": "Ada", "email": "ada@example.com"}


def errors_in(text: str) -> list[Any]:
    parser = HTMLParser()
    parser.parse(text)
    return [(place, code) for place, code, *_ in parser.errors]


def _mail(world: Any, html: str | None = LETTER) -> str:
    message = EmailMessage()
    message["From"], message["To"] = "North Light <studio@northlight.example>", "Anna <anna@example.org>"
    message["Subject"] = "Your gallery is open"
    message.set_content("Hello")
    if html is not None:
        message.add_alternative(html, subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    box = Mailbox(world.store, world.clock)
    return str(box.accept("studio@northlight.example", ["anna@example.org"], message.as_bytes())["id"])


def test_what_is_wrong_would_be_noticed() -> None:
    assert errors_in("<p>no doctype")
    assert not errors_in(LETTER)
    assert errors_in(f'<base target="_blank">{LETTER}')


def test_the_inbox_and_its_letters(world: Any) -> None:
    empty = world.http.get("/inbox/").text
    id_ = _mail(world)
    _mail(world, html=None)

    pages = {path: world.http.get(path).text for path in ("/", "/inbox/", f"/inbox/{id_}", f"/inbox/{id_}/html")}

    assert {path: errors_in(text) for path, text in {**pages, "empty": empty}.items() if errors_in(text)} == {}
    assert not errors_in(world.http.get("/inbox/999").text)


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (LETTER, LETTER.replace("<head>", '<head><base target="_blank">')),
        ("<p>Hello</p>", '<base target="_blank"><p>Hello</p>'),
        ("<!-- x --><!DOCTYPE html><p>", '<!-- x --><!DOCTYPE html><base target="_blank"><p>'),
        ("<!doctype html><html><p>", '<!doctype html><html><base target="_blank"><p>'),
        ("", '<base target="_blank">'),
    ],
)
def test_links_leave_the_frame_and_the_doctype_stays_first(html: str, shown: str) -> None:
    assert _in_new_tabs(html) == shown


def test_the_pages_on_which_clients_pay(world: Any) -> None:
    key = {"authorization": "Bearer sk_test_x"}
    price = {"[currency]": "eur", "[unit_amount]": "25000", "[product_data][name]": "Portrait session"}
    line = {f"line_items[0][price_data]{name}": value for name, value in price.items()}
    session = {"mode": "payment", "success_url": "https://studio.example", "line_items[0][quantity]": "1", **line}
    saving = {"mode": "setup", "currency": "eur", "success_url": "https://studio.example"}
    addresses = [
        world.http.post("/stripe/v1/checkout/sessions", data=given, headers=key).json()["url"]
        for given in (session, saving)
    ]

    pages = [world.http.get(address).text for address in addresses]
    for address in addresses:
        for number in ("4000000000000002", "4000002760003184"):
            pages.append(world.http.post(address, data={**CARD, "number": number}).text)
    pages.append(world.http.get("/stripe/pay/cs_test_none").text)

    assert [found for text in pages if (found := errors_in(text))] == []
    assert "Your bank asks" in pages[3]
