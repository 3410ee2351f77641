from __future__ import annotations

import io
from dataclasses import replace

import pytest
from document_samples import LOGO, PAY_URL, STUDIO, invoice, line, long_invoice, loose, plain_invoice
from pypdf import PdfReader

from billing.adapters.documents.qr import qr_data_url
from billing.adapters.documents.typesetter import typeset
from billing.domain.invoices import Invoice
from billing.ports.outside import RenderJob


def pdf_of(bill: Invoice, pay_url: str | None = PAY_URL, watermark: str | None = None) -> PdfReader:
    return PdfReader(io.BytesIO(typeset(RenderJob(bill, pay_url, watermark))))


def text_of(pdf: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def test_an_invoice_says_who_asks_for_what_and_how_to_pay() -> None:
    page = loose(pdf_of(invoice()).pages[0].extract_text(extraction_mode="layout"))

    order = ["North Light", "Invoice 2026-0042", "€1,240.00", "Due 3 April 2026", "Pay online"]
    order += ["Anna & Ben, wedding", "Anna Berger", "Amount (€)", "Balance due", "Payment is due"]
    places = [page.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_the_button_is_a_link_to_the_payment() -> None:
    (page,) = pdf_of(invoice()).pages

    assert [note.get_object()["/A"]["/URI"] for note in page["/Annots"]] == [PAY_URL]  # type: ignore[union-attr]


def test_the_file_names_its_title_author_language_and_day() -> None:
    pdf = pdf_of(invoice(language="de_AT"))

    assert pdf.metadata is not None
    assert (pdf.metadata.title, pdf.metadata.author) == ("Rechnung 2026-0042 · North Light", "North Light")
    assert str(pdf.metadata["/CreationDate"]).startswith("D:20260303")
    assert pdf.root_object["/Lang"] == "de-AT"


def test_the_file_is_tagged_for_those_who_listen_to_it() -> None:
    root = pdf_of(invoice()).root_object

    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()


def test_only_the_packaged_fonts_are_in_the_file() -> None:
    fonts = pdf_of(invoice()).pages[0]["/Resources"]["/Font"].values()

    names = {str(font.get_object()["/BaseFont"]) for font in fonts}
    assert names
    assert all("Studio-S" in name for name in names)


def test_a_second_page_repeats_the_head_and_both_are_counted() -> None:
    first, second = text_of(pdf_of(long_invoice(12)))

    assert "Amount (€)" in first
    assert "Amount (€)" in second
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second
    assert "Invoice 2026-0042 · North Light" in second


def test_one_page_is_not_counted() -> None:
    assert "Page 1" not in text_of(pdf_of(invoice()))[0]


@pytest.mark.parametrize("sessions", range(9, 15))
def test_the_sums_are_never_alone_on_a_page(sessions: int) -> None:
    last = text_of(pdf_of(long_invoice(sessions)))[-1]

    assert "Balance due" in last
    assert f"Session {sessions - 1}" in last
    assert "Subtotal" in last


def test_a_package_too_long_for_the_page_is_divided_and_not_moved() -> None:
    contents = [line(number, f"Content {number}", depth=1) for number in range(1, 45)]

    first, last = text_of(pdf_of(invoice(lines=(line(0, "Package", 100), *contents))))

    assert "Content 20" in first
    assert "Content 44" in last


@pytest.mark.parametrize(("size", "width"), [("A4", 595.28), ("Letter", 612), ("Foolscap", 595.28)])
def test_the_paper_is_that_of_the_client(size: str, width: float) -> None:
    assert float(pdf_of(invoice(page_size=size)).pages[0].mediabox.width) == pytest.approx(width, abs=0.1)


def test_a_draft_says_so_across_the_page() -> None:
    assert "Draft" in text_of(pdf_of(invoice(number="X1"), None, "Draft"))[0]


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(4500000, "JPY", "4,500,000"), (1234567, "KWD", "1,234.567"), (-5, "EUR", "−0.05")],
)
def test_amounts_have_the_decimals_of_their_currency(minor: int, currency: str, written: str) -> None:
    assert written in text_of(pdf_of(plain_invoice(minor, currency)))[0]


def test_names_in_other_scripts_and_very_long_ones_do_no_harm() -> None:
    bill = invoice(
        client=replace(invoice().client, name="ליאור " + "x" * 400, address_lines=("東京",)),
        lines=(line(1, "سلمى " + "W" * 500, 100),),
        studio=replace(STUDIO, name="Ж" * 200, logo=LOGO),
    )

    assert len(pdf_of(bill).pages) >= 1


def test_a_code_is_drawn_for_any_link() -> None:
    assert qr_data_url("https://pay.example/" + "x" * 500).startswith("data:image/png;base64,")
