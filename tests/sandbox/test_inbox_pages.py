"""The inbox page shows mails as their readers would see them, and lets nothing in them act."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from billing.sandbox.mail import Mailbox

EVIL = "<script>alert(1)</script>"


def _accept(world: Any, message: EmailMessage, to: str = "anna@example.org") -> str:
    box = Mailbox(world.store, world.clock)
    return str(box.accept("studio@northlight.example", [to], message.as_bytes())["id"])


def _letter(subject: str = "Your gallery is open", html: str | None = "<p>Hello</p>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "North Light <studio@northlight.example>"
    message["To"] = "anna@example.org"
    message["Subject"] = subject
    message.set_content("Hello")
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def test_an_empty_inbox_says_what_will_be_here(world: Any) -> None:
    page = world.http.get("/inbox/")

    assert page.status_code == 200
    assert "appear here within seconds" in page.text
    assert "Nothing yet" in page.text


def test_the_newest_mail_comes_first_with_its_attachment_marked(world: Any) -> None:
    first = _letter("First")
    first.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    _accept(world, first)
    _accept(world, _letter("Second"))

    text = world.http.get("/inbox/").text

    assert text.index("Second") < text.index("First")
    assert text.count('class="mark"') == 1
    assert '<meta http-equiv="refresh"' in text
    assert "2 mails" in text


def test_a_sender_is_shown_without_the_quotes_that_programs_need(world: Any) -> None:
    message = _letter()
    message.replace_header("From", '"North Light, Galway" <studio@northlight.example>')
    pages = [f"/inbox/{_accept(world, message)}", "/inbox/"]

    for text in (world.http.get(page).text for page in pages):
        assert "<bdi>North Light, Galway &lt;studio@northlight.example&gt;</bdi>" in text


def test_a_client_is_named_and_the_address_stands_below(world: Any) -> None:
    message = _letter()
    message.replace_header("To", "Jörg Großmann <joerg@example.org>, ben@example.org")
    _accept(world, message)

    text = world.http.get("/inbox/").text

    assert "<bdi>Jörg Großmann, ben@example.org</bdi>" in text
    assert ">joerg@example.org<" in text


def test_a_mail_without_a_to_shows_its_envelope(world: Any) -> None:
    message = _letter()
    del message["To"]
    _accept(world, message, to="anna@example.org")

    assert "<bdi>anna@example.org</bdi>" in world.http.get("/inbox/").text


def test_hostile_words_are_shown_and_never_run(world: Any) -> None:
    id_ = _accept(world, _letter(EVIL, f"<p>{EVIL}</p>"))

    for path in ("/inbox/", f"/inbox/{id_}"):
        page = world.http.get(path)
        assert EVIL not in page.text
        assert "&lt;script&gt;" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "script-src" not in page.headers["content-security-policy"]


def test_the_html_part_is_served_apart_and_sandboxed(world: Any) -> None:
    id_ = _accept(world, _letter(html='<p>Hi</p><img src="http://evil.example/x.png">'))

    page = world.http.get(f"/inbox/{id_}")
    letter = world.http.get(f"/inbox/{id_}/html")

    assert f'src="/inbox/{id_}/html"' in page.text
    assert "allow-scripts" not in page.text
    policy = letter.headers["content-security-policy"]
    assert "img-src data:" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy


def test_pictures_inside_the_mail_become_data_urls(world: Any) -> None:
    message = _letter(html='<img src="cid:logo">')
    html = message.get_body(("html",))
    assert html is not None
    html.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo>")  # type: ignore[attr-defined]

    letter = world.http.get(f"/inbox/{_accept(world, message)}/html")

    assert 'src="data:image/png;base64,iVBORw=="' in letter.text


def test_a_text_only_mail_has_no_frame(world: Any) -> None:
    id_ = _accept(world, _letter(html=None))

    page = world.http.get(f"/inbox/{id_}")

    assert "<iframe" not in page.text
    assert "<details open>" in page.text
    assert world.http.get(f"/inbox/{id_}/html").status_code == 404


def test_a_pdf_opens_in_the_browser_and_anything_else_is_saved(world: Any) -> None:
    message = _letter()
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename='RE/2026"0042\\.pdf')
    message.add_attachment("<b>x</b>", subtype="html", filename="x.html")
    message.add_attachment(_letter("Inner"))
    id_ = _accept(world, message)

    pdf, html, inner = (world.http.get(f"/inbox/{id_}/attachments/{index}") for index in range(3))

    assert pdf.content == b"%PDF-1.7"
    assert pdf.headers["content-disposition"] == 'inline; filename="RE-2026-0042-.pdf"'
    assert html.headers["content-type"] == "application/octet-stream"
    assert html.headers["content-disposition"].startswith("attachment")
    assert b"Inner" in inner.content
    assert world.http.get(f"/inbox/{id_}/attachments/3").status_code == 404


def test_the_raw_mail_can_be_read(world: Any) -> None:
    id_ = _accept(world, _letter("Raw"))

    raw = world.http.get(f"/inbox/{id_}/raw")

    assert "Subject: Raw" in raw.text
    assert raw.headers["content-type"].startswith("text/plain")


def test_a_mail_that_is_not_there_is_a_404(world: Any) -> None:
    for path in ("/inbox/9", "/inbox/9/html", "/inbox/9/raw", "/inbox/9/attachments/0"):
        assert world.http.get(path).status_code == 404


def test_an_unknown_charset_is_shown_as_well_as_it_can_be(world: Any) -> None:
    raw = b"Subject: Odd\r\nContent-Type: text/plain; charset=x-nonsense\r\n\r\nHello \xff"
    box = Mailbox(world.store, world.clock)
    id_ = box.accept("a@example.org", ["b@example.org"], raw)["id"]

    assert "Hello" in world.http.get(f"/inbox/{id_}").text


def test_a_long_inbox_has_pages(world: Any) -> None:
    for number in range(51):
        _accept(world, _letter(f"Mail {number}"))

    first, second = world.http.get("/inbox/").text, world.http.get("/inbox/?page=2").text

    assert "Older" in first
    assert "Newer" not in first
    assert "Newer" in second
    assert "Mail 0" in second
    assert world.http.get("/inbox/?page=-1").text == first


def test_the_stylesheet_and_the_index_are_there(world: Any) -> None:
    assert world.http.get("/inbox/sandbox.css").headers["content-type"].startswith("text/css")
    index = world.http.get("/").text
    assert "/sandbox/oracle" in index
    assert "says 2 March 2026, 09:00 UTC" in index
