"""One text for one record: what goes in comes back, and equal records have equal hashes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain import canonical
from billing.domain.invoices import (
    BilledClient,
    BilledSession,
    Collection,
    Deduction,
    Invoice,
    InvoiceLine,
    Studio,
    TaxLine,
)
from billing.domain.money import Money
from billing.domain.sessions import Client, EarlierPayment, JobSummary, Order, OrderLine, SessionFacts, Stage, Tax

words = st.text(max_size=8)
several = st.lists(words, max_size=2).map(tuple)
numbers = st.integers(-(10**10), 10**10)
finite = st.decimals(allow_nan=False, allow_infinity=False)
days = st.dates()
lines = st.builds(
    InvoiceLine, numbers, numbers, words, words, words, finite, numbers, numbers, numbers, numbers, st.booleans()
)
taxes = st.builds(TaxLine, words, finite, st.booleans(), numbers, numbers)
deductions = st.builds(Deduction, words, words, st.none() | days, numbers)
invoices = st.builds(
    Invoice,
    words,
    st.none() | words,
    words,
    words,
    st.none() | words,
    words,
    days,
    days,
    words,
    words,
    studio=st.builds(Studio, words, several, words, words),
    client=st.builds(BilledClient, words, words, several, several, st.none() | words),
    session=st.builds(BilledSession, words, words, st.none() | days, st.none() | words, st.none() | words),
    lines=st.lists(lines, max_size=3).map(tuple),
    subtotal_minor=numbers,
    pre_tax_discount_minor=numbers,
    taxes=st.lists(taxes, max_size=2).map(tuple),
    after_tax_discount_minor=numbers,
    total_minor=numbers,
    deductions=st.lists(deductions, max_size=2).map(tuple),
    amount_due_minor=numbers,
    collection=st.sampled_from(Collection),
    card_label=st.none() | words,
)


@settings(max_examples=50)
@given(invoice=invoices)
def test_any_invoice_comes_back_from_its_text(invoice: Invoice) -> None:
    text = canonical.dumps(invoice)

    assert canonical.loads(Invoice, text) == invoice
    assert canonical.dumps(canonical.loads(Invoice, text)) == text


@settings(max_examples=25)
@given(invoice=invoices)
def test_the_text_of_an_invoice_holds_no_float(invoice: Invoice) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(f"a float in the canonical text: {text}")

    json.loads(canonical.dumps(invoice), parse_float=refuse)


def test_session_facts_with_nested_lines_and_custom_fields_come_back() -> None:
    price = Money(100, "EUR")
    line = OrderLine("l1", "Package", Decimal("1.50"), price, children=(OrderLine("l2", "Album", Decimal(1), price),))
    order = Order(
        order_id="o1",
        number=None,
        status="open",
        currency="EUR",
        lines=(line,),
        total=price,
        balance=price,
        taxes=(Tax("VAT", Decimal("0.190")),),
        payments=(EarlierPayment("p1", price, date(2026, 1, 2), is_retainer=True),),
    )
    job = JobSummary("j1", "Ána", Stage.FULFILLMENT, False, False, None, None, "s1", custom_fields={"autopay": "yes"})
    facts = SessionFacts(job, Client("c1", "Ána", ("a@b.example",)), (order,), datetime(2026, 1, 2, 3, 4, tzinfo=UTC))

    assert canonical.loads(SessionFacts, canonical.dumps(facts)) == facts


def test_keys_are_sorted_without_spaces_and_letters_stay_as_they_are() -> None:
    assert canonical.dumps({"b": [1, None, True], "a": "Zoë"}) == '{"a":"Zoë","b":[1,null,true]}'


def test_decimals_keep_their_zeros_because_they_are_text() -> None:
    assert canonical.dumps(Decimal("0.190")) == '"0.190"'


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Mixed:
    colour: Colour
    at: datetime
    maybe: Decimal | None
    names: tuple[str, ...]
    prices: dict[str, Money] = field(default_factory=dict)


@given(
    mixed=st.builds(
        Mixed,
        st.sampled_from(Colour),
        st.datetimes(timezones=st.none() | st.just(UTC)),
        st.none() | finite,
        several,
        st.dictionaries(words, st.builds(Money, numbers, st.sampled_from(["EUR", "JPY"])), max_size=3),
    )
)
def test_enums_instants_options_tuples_and_mappings_come_back(mixed: Mixed) -> None:
    assert canonical.loads(Mixed, canonical.dumps(mixed)) == mixed


@pytest.mark.parametrize("value", [1.5, {1, 2}, b"x", object, float("nan"), Decimal("NaN"), Decimal("-Infinity")])
def test_what_has_no_canonical_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no canonical text"):
        canonical.dumps([value])


def test_a_hash_is_of_the_utf8_bytes() -> None:
    assert canonical.sha256("é") == canonical.sha256("é".encode())
    assert canonical.sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_derived_id_follows_from_its_parts_and_their_borders() -> None:
    assert canonical.derived_id("inv", "a", "b") == canonical.derived_id("inv", "a", "b")
    assert canonical.derived_id("inv", "ab") != canonical.derived_id("inv", "a", "b")
    assert canonical.derived_id("inv", "a").startswith("inv_")
    assert len(canonical.derived_id("inv", "a")) == len("inv_") + 24
