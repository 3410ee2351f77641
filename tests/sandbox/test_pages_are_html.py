"""Every page of the sandbox is HTML without a parse error, and none is shown in quirks mode."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from html_errors import errors_in

from billing.sandbox.inbox import _in_new_tabs
from billing.sandbox.mail import Mailbox

LETTER = '<!doctype html>\n<html lang="en"><head><title>x</title></head><body><p>Hello</p></body></html>'
KEY = {"authorization": "Bearer sk_test_x"}
CARD = {"expiry": "04 / 30", "cvc": "123", "name": "Ada", "email": "ada@example.com"}


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
    price = {"[currency]": "eur", "[unit_amount]": "25000", "[product_data][name]": "Portrait session"}
    line = {f"line_items[0][price_data]{name}": value for name, value in price.items()}
    session = {"mode": "payment", "success_url": "https://studio.example", "line_items[0][quantity]": "1", **line}
    saving = {"mode": "setup", "currency": "eur", "success_url": "https://studio.example"}
    addresses = [
        world.http.post("/stripe/v1/checkout/sessions", data=given, headers=KEY).json()["url"]
        for given in (session, saving)
    ]

    pages = [world.http.get(address).text for address in addresses]
    for address in addresses:
        for number in ("4000000000000002", "4000002760003184"):
            pages.append(world.http.post(address, data={**CARD, "number": number}).text)
    pages.append(world.http.get("/stripe/pay/cs_test_none").text)

    assert [found for text in pages if (found := errors_in(text))] == []
    assert "Your bank asks" in pages[3]


def test_a_link_that_thanks_and_is_closed_then(world: Any) -> None:
    price = {"[currency]": "eur", "[unit_amount]": "25000", "[product_data][name]": "Prints </main> & more"}
    line = {f"line_items[0][price_data]{name}": value for name, value in price.items()}
    link = {**line, "line_items[0][quantity]": "1", "restrictions[completed_sessions][limit]": "1"}
    address = world.http.post("/stripe/v1/payment_links", data=link, headers=KEY).json()["url"]

    shown = world.http.get(address).text
    thanks = world.http.post(address, data={**CARD, "number": "4242424242424242"}).text
    closed = world.http.get(address).text

    assert [errors_in(text) for text in (shown, thanks, closed)] == [[], [], []]
    assert "Paid. Thank you." in thanks
    assert closed != shown


def test_the_page_on_which_a_bank_asks_about_a_charge(world: Any) -> None:
    card = {
        "payment_method": "pm_card_authenticationRequired",
        "confirm": "true",
        "return_url": "https://studio.example",
    }
    asked = world.http.post(
        "/stripe/v1/payment_intents", data={"amount": "900", "currency": "eur", **card}, headers=KEY
    )
    address = asked.json()["next_action"]["redirect_to_url"]["url"]

    assert errors_in(world.http.get(address).text) == []
