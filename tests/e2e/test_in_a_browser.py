"""What a person sees and clicks, in a real browser: the mail in the inbox, the pay page, the second visit."""

from __future__ import annotations

import shutil
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from billing.sandbox.server import RunningSandbox, running_sandbox

pytestmark = pytest.mark.browser

QUIET = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking")
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed here: no page was looked at")
    with sync_playwright() as playwright:
        switches = [f"--{name}" for name in (*QUIET, "disable-component-update", "disable-sync")]
        yield playwright.chromium.launch(executable_path=chromium, args=switches)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone's page; whatever the browser complains of fails the test."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path / "sandbox.db") as running:
        yield running


def pay_link(sandbox: RunningSandbox) -> str:
    answer = httpx.post(
        f"{sandbox.url}/stripe/v1/payment_links",
        headers={"Authorization": "Bearer sk_test_sandbox"},
        data={
            "line_items[0][price_data][currency]": "eur",
            "line_items[0][price_data][unit_amount]": "37902",
            "line_items[0][price_data][product_data][name]": "Invoice INV-2026-0001",
            "line_items[0][quantity]": "1",
            "restrictions[completed_sessions][limit]": "1",
        },
    )
    return str(answer.raise_for_status().json()["url"])


def fits(page: Page) -> bool:
    """Nothing sticks out to the right of a phone's screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_client_pays_by_the_link_with_a_test_card_and_cannot_pay_twice(sandbox: RunningSandbox, page: Page) -> None:
    page.goto(pay_link(sandbox))
    assert "379.02" in page.inner_text("body")
    assert fits(page)

    for field, value in {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Ada"}.items():
        page.fill(f"[name={field}]", value)
    page.click("button[type=submit]")
    page.wait_for_load_state()

    assert sandbox.store.effect_counts()["stripe.charge_succeeded"] == 1
    page.goto(page.url)
    assert page.locator("[name=number]").count() == 0


def test_the_inbox_shows_a_mail_and_its_link(sandbox: RunningSandbox, page: Page) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "studio@example.com", "ada@example.com", "Your invoice INV-2026-0001"
    mail.set_content("Pay here.")
    mail.add_alternative('<p><a href="https://pay.example/1">Pay online</a></p>', subtype="html")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as line:
        line.send_message(mail)

    page.goto(f"{sandbox.url}/inbox/")
    assert fits(page)
    page.click("text=Your invoice INV-2026-0001")

    assert page.frame_locator("iframe").locator("text=Pay online").get_attribute("href") == "https://pay.example/1"
