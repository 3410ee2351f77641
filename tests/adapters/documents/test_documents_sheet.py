from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from document_samples import CLIENT, LOGO, PAY_URL, SESSION, STUDIO, invoice, line, loose, plain_invoice

from billing.adapters.documents.sheet import DocumentKind, Sheet, sheet_for
from billing.adapters.documents.typesetter import sheet_html
from billing.domain.invoices import Collection, Deduction, Invoice, TaxLine
from billing.ports.outside import RenderJob


def sheet_of(bill: Invoice, pay_url: str | None = PAY_URL, kind: DocumentKind = DocumentKind.INVOICE) -> Sheet:
    return sheet_for(RenderJob(bill, pay_url), kind)


def sums_of(bill: Invoice) -> list[tuple[str, str]]:
    return [(loose(row.label), row.amount) for row in sheet_of(bill).sums]


def test_the_sheet_says_how_much_and_by_when() -> None:
    sheet = sheet_of(invoice())

    assert (sheet.headline_label, sheet.headline, loose(sheet.by_when)) == (
        "Amount due",
        "€1,240.00",
        "Due 3 April 2026",
    )
    assert (sheet.title, sheet.number, loose(sheet.issued)) == ("Invoice", "2026-0042", "3 March 2026")
    assert sheet.document_title == "Invoice 2026-0042 · North Light"


def test_the_sums_lead_from_the_lines_to_the_balance() -> None:
    assert sums_of(invoice()) == [
        ("Subtotal", "2,327.80"),
        ("Discount", "−127.80"),
        ("VAT 20% on 2,200.00", "440.00"),
        ("Total", "2,640.00"),
        ("Retainer, received 3 January 2026", "−1,400.00"),
        ("Balance due", "1,240.00"),
    ]


def test_a_plain_invoice_has_one_sum() -> None:
    assert sums_of(plain_invoice(4500000, "JPY")) == [("Total", "4,500,000")]


def test_included_tax_is_named_and_not_added() -> None:
    taxes = (TaxLine("MwSt.", Decimal("0.19"), True, 100000, 15966), TaxLine("Kirche", Decimal("0.07"), False, 5, 7))
    sheet = sheet_of(invoice(taxes=taxes, language="de", after_tax_discount_minor=500, deductions=()))

    assert [(row.label, row.amount, row.weight) for row in sheet.sums] == [
        ("Zwischensumme", "2.327,80", "plain"),
        ("Rabatt", "−127,80", "plain"),
        ("Kirche 7\xa0% auf 0,05", "0,07", "plain"),
        ("Weiterer Nachlass", "−5,00", "plain"),
        ("Gesamtbetrag", "2.640,00", "balance"),
        ("Darin enthalten: MwSt. 19\xa0%", "159,66", "note"),
    ]


def test_a_payment_without_a_date_is_shown_without_one() -> None:
    assert ("Payment", "−1.00") in sums_of(invoice(deductions=(Deduction("payment", "p", None, 100),)))


def test_contents_of_a_package_show_no_price_and_extras_do() -> None:
    lines = (
        line(1, "Package", 100000),
        line(2, "Photographs", depth=1, quantity=Decimal("400.0")),
        line(3, "Prints", 4500, depth=1, quantity=Decimal(3), unit_minor=1500),
        line(4, "Travel", 0),
    )
    rows = sheet_of(invoice(lines=lines)).rows

    assert [(loose(row.counted), row.amount) for row in rows] == [
        ("", "1,000.00"),
        ("400", ""),
        ("3 × 15.00", "45.00"),
        ("", "0.00"),
    ]


def test_depths_beyond_the_style_are_drawn_like_the_deepest() -> None:
    assert [row.depth for row in sheet_of(invoice(lines=(line(1, "a", depth=9), line(2, "b", depth=-1)))).rows] == [
        3,
        0,
    ]


def test_rows_know_their_place_in_the_package() -> None:
    lines = [line(number, "x", depth=depth) for number, depth in enumerate((0, 1, 2, 1, 0, 1, 0))]

    assert [row.place for row in sheet_of(invoice(lines=tuple(lines))).rows] == [
        "", " nested first", " nested", " nested last", "", " nested first last", "",
    ]  # fmt: skip


def test_the_quantity_column_is_named_only_when_it_is_used() -> None:
    assert "Quantity" in sheet_html(sheet_of(invoice()))
    assert "Quantity" not in sheet_html(sheet_of(plain_invoice(100, "EUR")))


def test_autopay_names_the_card_and_the_day_and_how_to_object() -> None:
    bill = invoice(collection=Collection.AUTOPAY, card_label="Visa ending 4242")
    sheet, at_once = sheet_of(bill, pay_url=None), sheet_of(replace(bill, issued_on=bill.due_on), pay_url=None)

    assert loose(sheet.by_when) == "Will be charged to Visa ending 4242 on 3 April 2026."
    assert sheet.note == "If you would rather pay another way, write to studio@northlight.example before then."
    assert at_once.note == "There is nothing you need to do."
    assert not sheet.payable_by_transfer
    assert "Pay online" not in sheet_html(sheet)


def test_a_settled_invoice_asks_for_nothing() -> None:
    sheet = sheet_of(invoice(amount_due_minor=0))

    assert (sheet.headline_label, sheet.by_when) == ("Nothing to pay", "Paid in full. Thank you.")
    assert sheet.pay_url is None
    assert not sheet.payable_by_transfer


def test_a_draft_has_no_reference_to_pay_under() -> None:
    sheet = sheet_for(RenderJob(invoice(number=None), None, "Draft"))

    assert (sheet.number, sheet.watermark, sheet.payable_by_transfer) == ("Draft", "Draft", False)


def test_a_bank_transfer_is_offered_with_its_reference() -> None:
    assert "Or by bank transfer, with reference 2026-0042" in sheet_html(sheet_of(invoice()))
    assert "Please pay by bank transfer, with reference 2026-0042" in sheet_html(sheet_of(invoice(), pay_url=None))


@pytest.mark.parametrize(
    ("kind", "title", "label", "headline"),
    [
        (DocumentKind.CREDIT_NOTE, "Credit note", "Credited to you", "€2,640.00"),
        (DocumentKind.RECEIPT, "Receipt", "Total", "€2,640.00"),
        (DocumentKind.STATEMENT, "Statement", "Total", "€2,640.00"),
        (DocumentKind.ESTIMATE, "Estimate", "Estimated total", "€2,640.00"),
    ],
)
def test_other_documents_are_the_same_sheet_and_ask_for_no_payment(
    kind: DocumentKind, title: str, label: str, headline: str
) -> None:
    sheet = sheet_of(invoice(), kind=kind)

    assert (sheet.title, sheet.headline_label, sheet.headline) == (title, label, headline)
    assert sheet.pay_url is None
    assert "Pay online" not in sheet_html(sheet)


def test_the_session_is_named_with_what_is_known_of_it() -> None:
    full = loose(sheet_html(sheet_of(invoice())))
    bare = sheet_html(sheet_of(invoice(session=replace(SESSION, session_on=None, place=None, photographer=None))))

    assert "14 February 2026, Dirleton Castle" in full
    assert "Photographed by Mara Lindqvist" in full
    assert "Photographed" not in bare


def test_a_right_to_left_name_is_an_island() -> None:
    html = sheet_html(sheet_of(invoice(client=replace(CLIENT, name="ליאור כהן", company="Cohen & Sons"))))

    assert '<bdi dir="rtl">ליאור כהן</bdi>' in html
    assert "Cohen &amp; Sons" in html


def test_only_sound_pictures_that_came_along_are_logos() -> None:
    with_logo = sheet_html(sheet_of(invoice(studio=replace(STUDIO, logo=LOGO))))
    with_link = sheet_html(sheet_of(invoice(studio=replace(STUDIO, logo="http://127.0.0.1/logo.png"))))

    assert f'<img class="logo" src="{LOGO}" alt="North Light">' in with_logo
    assert "127.0.0.1" not in with_link
    assert '<div class="studio">North Light</div>' in with_link


def test_the_words_are_those_of_the_client() -> None:
    html = loose(sheet_html(sheet_of(invoice(language="fr", due_on=date(2026, 8, 1)))))

    assert '<html lang="fr">' in html
    assert "À payer au plus tard le 1er août 2026" in html


@pytest.mark.parametrize(("language", "head"), [("en", "Amount (€)"), ("de", "Betrag (€)"), ("fr", "Montant (€)")])
def test_money_is_written_one_way_on_one_sheet(language: str, head: str) -> None:
    html = sheet_html(sheet_of(invoice(language=language)))

    assert head in html
    assert "EUR" not in html


def test_an_empty_studio_line_leaves_no_trace() -> None:
    html = sheet_html(sheet_of(invoice(studio=replace(STUDIO, phone="", website="", tax_id="", terms=""))))

    assert "<p>North Light · studio@northlight.example</p>" in html


@pytest.mark.parametrize(
    ("language", "country", "line"), [("en", "AT", "AUSTRIA"), ("de", "AT", "AUSTRIA"), ("fr", "CI", "CÔTE D’IVOIRE")]
)
def test_a_client_abroad_has_the_country_as_the_last_line(language: str, country: str, line: str) -> None:
    """In a language of the studio's country, for its post to read; this studio is in Bristol, and CLDR so names it."""
    client = replace(CLIENT, company="Berger Ltd", address_lines=("Ring 1", "1010 Wien"), country=country)

    found = sheet_for(RenderJob(invoice(client=client, language=language), None)).billed_to

    assert found == ("Berger Ltd", "Ring 1", "1010 Wien", line)


@pytest.mark.parametrize("country", ["GB", None])
def test_a_client_at_home_or_nowhere_has_no_country(country: str | None) -> None:
    found = sheet_for(RenderJob(invoice(client=replace(CLIENT, country=country)), None)).billed_to

    assert found == CLIENT.address_lines


def test_a_country_alone_is_no_address() -> None:
    client = replace(CLIENT, address_lines=(), country="AT")

    assert sheet_for(RenderJob(invoice(client=client), None)).billed_to == ()
