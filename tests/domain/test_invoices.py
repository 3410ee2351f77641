"""An invoice is a draft until it has a number, and its page fits its reader's paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from billing.domain.errors import BillingError, NeedsAttention, PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.invoices import (
    BilledClient,
    BilledSession,
    Collection,
    Invoice,
    Studio,
    document_file_name,
    invoice_number,
    page_size_for,
)
from billing.domain.money import Money


def test_numbering_changes_the_number_and_the_dates_and_nothing_else() -> None:
    invoice, issued_on, due_on = draft(), date(2026, 3, 1), date(2026, 3, 15)

    numbered = invoice.numbered("INV-2026-0042", issued_on, due_on)

    assert (numbered.number, numbered.issued_on, numbered.due_on) == ("INV-2026-0042", issued_on, due_on)
    assert replace(numbered, number=invoice.number, issued_on=invoice.issued_on, due_on=invoice.due_on) == invoice


def test_total_and_amount_due_carry_the_currency() -> None:
    invoice = replace(draft(), currency="JPY", total_minor=900, amount_due_minor=500)

    assert (invoice.total, invoice.amount_due) == (Money(900, "JPY"), Money(500, "JPY"))


@pytest.mark.parametrize(
    ("sequence", "number"), [(1, "INV-2026-0001"), (42, "INV-2026-0042"), (12345, "INV-2026-12345")]
)
def test_an_invoice_number_has_at_least_four_digits(sequence: int, number: str) -> None:
    assert invoice_number("INV-2026-", sequence) == number


@pytest.mark.parametrize(
    ("country", "size"), [("US", "Letter"), ("CA", "Letter"), ("DE", "A4"), ("JP", "A4"), (None, "A4")]
)
def test_the_page_is_letter_only_where_letter_is_used(country: str | None, size: str) -> None:
    assert page_size_for(country) == size


def test_errors_carry_a_stable_code_and_a_sentence() -> None:
    error = NeedsAttention("missing_email", "Ana has no e-mail address.")

    assert isinstance(error, PermanentError)
    assert (error.code, error.sentence, str(error)) == ("missing_email", "Ana has no e-mail address.", error.sentence)
    assert TemporaryError("stripe_busy", "Wait.", 7).retry_after_seconds == 7
    assert not isinstance(UnknownOutcomeError("stripe_unknown", "Ask."), PermanentError | TemporaryError)
    assert issubclass(UnknownOutcomeError, BillingError)


def draft() -> Invoice:
    return Invoice(
        invoice_id="inv_1",
        number=None,
        session_id="vsco:1",
        part="o1",
        order_number=None,
        currency="EUR",
        issued_on=date(2026, 1, 1),
        due_on=date(2026, 1, 15),
        language="en",
        page_size="A4",
        studio=Studio("North Light", (), "DE", "studio@northlight.example"),
        client=BilledClient("c1", "Ana", ("ana@client.example",)),
        session=BilledSession("j1", "Wedding", None, None, None),
        lines=(),
        subtotal_minor=0,
        pre_tax_discount_minor=0,
        taxes=(),
        after_tax_discount_minor=0,
        total_minor=0,
        deductions=(),
        amount_due_minor=0,
        collection=Collection.INVOICE,
    )


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("INV-2026-0042", "INV-2026-0042.pdf"),
        ("RE/2026/0010", "RE-2026-0010.pdf"),
        ("2026\\0010", "2026-0010.pdf"),
        ("../../etc/0001", "etc-0001.pdf"),
        ('№ 12: "0001" <a>', "12-0001-a.pdf"),
        ("RÉ_2026.0001", "RÉ_2026.0001.pdf"),
        ("a\r\nb", "a-b.pdf"),
        ("/", "document.pdf"),
    ],
)
def test_a_number_is_a_clean_name_of_a_file(number: str, name: str) -> None:
    assert document_file_name(number) == name
