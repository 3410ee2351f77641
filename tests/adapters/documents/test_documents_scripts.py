"""Names in every script: printed in packaged fonts, or refused with a sentence before there is a number."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import pytest
from babel.numbers import list_currencies
from document_samples import CLIENT, PAY_URL, SESSION, STUDIO, invoice, line
from pypdf import PdfReader

from billing.adapters.documents import PdfRenderer, faces, press
from billing.adapters.documents.faces import Casting, cast
from billing.adapters.documents.names import isolated_html
from billing.adapters.documents.sheet import sheet_for
from billing.adapters.documents.typesetter import sheet_html, typeset
from billing.adapters.documents.wording import languages, wording_for
from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.ports.outside import RenderJob

SCRIPTS = {
    "山田太郎": "Studio East Asia",
    "김민준": "Studio East Asia",
    "欧阳娜娜": "Studio East Asia",
    "محمد سلمان": "Studio Sans Arabic",
    "ליאור כהן": "Studio Sans Hebrew",
    "สมชาย": "Studio Sans Thai",
    "अनीता": "Studio Sans Devanagari",
    "தமிழ்": "Studio Sans Tamil",
    "გიორგი": "Studio Sans Georgian",
    "Anna 🎉": "Studio Emoji",
    "★ Anna": "Studio East Asia",
}


def named(name: str, country: str | None = None) -> Invoice:
    return invoice(client=replace(CLIENT, name=name, country=country))


@pytest.mark.parametrize(("name", "family"), SCRIPTS.items())
def test_a_name_is_printed_in_a_packaged_font_of_its_script(name: str, family: str) -> None:
    page = PdfReader(io.BytesIO(typeset(RenderJob(named(name), None)))).pages[0]

    fonts = {str(font.get_object()["/BaseFont"])[8:] for font in page["/Resources"]["/Font"].values()}  # type: ignore[index]
    assert any(font.startswith(family.replace(" ", "-")) for font in fonts)
    assert all(font.startswith("Studio") for font in fonts)
    assert set(name.replace(" ", "")) <= set(page.extract_text())


@pytest.mark.parametrize(
    "name", ["Anna Berger", "Łukasz Nguyễn-Ørsted", "Ωμέγα Παπαδόπουλος", "Иван Щербаков", "Zoë’s “Ł”…"]
)
def test_an_ordinary_name_needs_none_of_the_other_fonts(name: str) -> None:
    assert cast(sheet_html(sheet_for(RenderJob(named(name), PAY_URL)))) == Casting()


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_sign_of_every_currency_is_in_our_fonts(language: str) -> None:
    wording = wording_for(language)

    signs = "".join(wording.money(Money(1234567, currency)) for currency in list_currencies())
    assert cast(signs).missing == ()


def test_decorated_letters_are_printed_as_the_letters_they_are() -> None:
    text = PdfReader(io.BytesIO(typeset(RenderJob(named("𝓐𝓷𝓷𝓪"), None)))).pages[0].extract_text()

    assert "Anna\n" in text


def test_what_is_never_drawn_needs_no_font() -> None:
    assert cast("A\u200dn\ufe0fn\u00ada\U000e0067") == Casting()


@pytest.mark.parametrize(
    ("invoiced", "said"),
    [
        (named("Anna \ue001"), "No font has U+E001, in “Anna \ue001”. Write it without, and it is billed by itself."),
        (named("<𒀀> & Co"), "No font has “𒀀” U+12000, in “<𒀀> & Co”"),
        (
            invoice(lines=(line(1, "ᚠ"), line(2, "ᚢᚦᚨᚱᚲ"))),
            "“ᚠ” U+16A0, “ᚢ” U+16A2, “ᚦ” U+16A6, “ᚨ” U+16A8, “ᚱ” U+16B1 and 1 more, in “ᚠ”",
        ),
        (invoice(session=replace(SESSION, place="ᚠ" + "x" * 90)), "in “14 February 2026, ᚠ" + "x" * 40 + "”"),
        (invoice(studio=replace(STUDIO, terms="Due.\n𐤀 owes.")), "in “𐤀 owes.”"),
    ],
)  # fmt: skip
def test_what_no_font_has_is_refused_by_its_characters(invoiced: Invoice, said: str) -> None:
    renderer = PdfRenderer()

    with pytest.raises(PermanentError) as caught:
        renderer.check_printable(invoiced)

    assert caught.value.code == "unprintable"
    assert said in caught.value.sentence


def test_a_document_that_cannot_be_printed_is_not_made() -> None:
    with pytest.raises(PermanentError, match=r"^No font has “𒀀” U\+12000"):
        typeset(RenderJob(named("𒀀"), None))


@pytest.mark.parametrize(
    ("name", "country", "language"),
    [
        ("骨", "CN", "zh-Hans"),
        ("骨", "TW", "zh-Hant"),
        ("骨", "JP", "ja"),
        ("骨 ひろ", "CN", "ja"),
        ("김骨", "CN", "ko"),
    ],
)
def test_a_name_is_written_as_in_its_own_country(name: str, country: str, language: str) -> None:
    assert isolated_html(name, country) == f'<span lang="{language}">{name}</span>'
    assert f'<span lang="{language}">{name}</span>' in sheet_html(sheet_for(RenderJob(named(name, country), None)))


def test_a_name_that_does_not_say_whose_it_is_has_no_language() -> None:
    assert isolated_html("骨", "DE") == isolated_html("骨") == "骨"
    assert isolated_html("Żółć", "CN") == "Żółć"


def test_only_a_word_that_no_line_could_hold_may_break_anywhere() -> None:
    assert isolated_html("x" * 199) == "x" * 199
    assert isolated_html("y " + "x" * 205) == "y " + "\u200b".join(["x" * 10] * 20 + ["x" * 5])


def test_a_missing_package_is_named_with_what_cannot_be_printed_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(faces.OTHERS[-1], package="not_there")
    monkeypatch.setattr(faces, "OTHERS", (*faces.OTHERS[:-1], gone))

    assert faces.missing_packages() == {"not-there": "Chinese, Japanese, Korean"}
    assert cast("骨").missing == ("骨",)


def test_all_packages_are_there() -> None:
    assert faces.missing_packages() == {}


def test_the_style_and_its_fonts_are_taken_without_a_complaint() -> None:
    with press.sealed(), press.complaints() as complaints:
        press.style("A4", "#123456", faces.OTHERS[:2])
        press.style("Letter", "#123456")

    assert complaints == []


def test_what_the_typesetter_complains_of_is_no_document() -> None:
    drawing = base64.b64encode(
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path transform="rotate(x)"/></svg>'
    ).decode()
    job = RenderJob(invoice(studio=replace(STUDIO, logo=f"data:image/svg+xml;base64,{drawing}")), None)

    with pytest.raises(PermanentError, match="The typesetter says: ") as caught:
        typeset(job)

    assert caught.value.code == "incomplete"
