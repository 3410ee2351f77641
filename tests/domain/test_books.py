"""Every fact of the business balances, and what is priced can always be posted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.domain.books import Entry, Posting, ReceivedPayment, post_invoice, post_payment, post_void
from billing.domain.invoices import BilledClient, BilledSession, Collection, Invoice, Studio
from billing.domain.money import Money
from billing.domain.pricing import price_order
from billing.domain.sessions import Discount, EarlierPayment, Order, OrderLine, Tax

ISSUED_ON = date(2026, 3, 1)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def invoice_for(order: Order) -> Invoice:
    priced = price_order(order)
    return Invoice(
        invoice_id="inv_1",
        number="INV-1",
        session_id="vsco:1",
        part="o1",
        order_number=None,
        currency="EUR",
        issued_on=ISSUED_ON,
        due_on=date(2026, 3, 15),
        language="en",
        page_size="A4",
        studio=Studio("North Light", (), "DE", "studio@northlight.example"),
        client=BilledClient("c1", "Ana", ("ana@client.example",)),
        session=BilledSession("j1", "Wedding", None, None, None),
        lines=priced.lines,
        subtotal_minor=priced.subtotal_minor,
        pre_tax_discount_minor=priced.pre_tax_discount_minor,
        taxes=priced.taxes,
        after_tax_discount_minor=priced.after_tax_discount_minor,
        total_minor=priced.total_minor,
        deductions=priced.deductions,
        amount_due_minor=priced.amount_due_minor,
        collection=Collection.INVOICE,
    )


def order(*lines: OrderLine, **more: object) -> Order:
    base = Order("o1", None, "open", "EUR", lines, euros(0), euros(0))
    return replace(base, **more)  # type: ignore[arg-type]


def line(minor: int, product_type: str = "Package", taxable: bool = True) -> OrderLine:
    return OrderLine("l", "Line", Decimal(1), euros(minor), taxable, product_type)


def balance_of(postings: list[Posting], account: str) -> int:
    return sum(entry.amount.minor for posting in postings for entry in posting.entries if entry.account == account)


def test_an_invoice_posts_revenue_by_product_type_tax_by_rate_and_its_discounts() -> None:
    invoice = invoice_for(
        order(
            line(100_000),
            line(50_000, "Album"),
            taxes=(Tax("VAT", Decimal("0.19")),),
            pre_tax_discount=Discount(percent=Decimal(10)),
            after_tax_discount=Discount(amount=euros(650)),
        )
    )

    [issued] = post_invoice(invoice)

    assert {(entry.account, entry.detail): entry.amount.minor for entry in issued.entries} == {
        ("receivable", "inv_1"): 160_000,
        ("revenue", "Album"): -45_000,
        ("revenue", "Package"): -90_000,
        ("tax_payable", "VAT 0.19"): -25_650,
        ("discounts", "inv_1"): 650,
    }
    assert (issued.transaction_id, issued.kind, issued.posted_on) == ("issued:inv_1", "invoice_issued", ISSUED_ON)


def test_a_retainer_goes_through_its_own_account_and_lowers_the_receivable() -> None:
    retainer = EarlierPayment("p1", euros(30_000), date(2026, 1, 2), is_retainer=True)
    undated = EarlierPayment("p2", euros(5_000), None, is_retainer=False)
    invoice = invoice_for(order(line(100_000), payments=(retainer, undated)))

    postings = post_invoice(invoice)

    assert [posting.transaction_id for posting in postings] == [
        "issued:inv_1",
        "retained:inv_1:p1",
        "deducted:inv_1:p1",
        "retained:inv_1:p2",
        "deducted:inv_1:p2",
    ]
    assert [posting.posted_on for posting in postings[1:]] == [date(2026, 1, 2), ISSUED_ON, ISSUED_ON, ISSUED_ON]
    assert balance_of(postings, "receivable") == invoice.amount_due_minor == 65_000
    assert balance_of(postings, "retainers") == 0


def test_an_included_tax_is_taken_out_of_the_revenue() -> None:
    invoice = invoice_for(order(line(11_900), taxes=(Tax("MwSt", Decimal("0.19"), inclusive=True),)))

    [issued] = post_invoice(invoice)

    assert [entry.amount.minor for entry in issued.entries] == [11_900, -10_000, -1_900]


@given(
    prices=st.lists(st.tuples(st.integers(1, 10**6), st.booleans(), st.sampled_from("AB")), min_size=1, max_size=5),
    rates=st.lists(st.tuples(st.decimals("0.01", "0.3", places=4), st.booleans()), max_size=3),
    before=st.none() | st.decimals(0, 90, places=2).map(lambda percent: Discount(percent=percent)),
    after=st.none() | st.integers(0, 1_000).map(lambda minor: Discount(amount=euros(minor))),
    compound=st.booleans(),
)
def test_whatever_can_be_priced_above_zero_balances_when_it_is_posted(
    prices: list[tuple[int, bool, str]],
    rates: list[tuple[Decimal, bool]],
    before: Discount | None,
    after: Discount | None,
    compound: bool,
) -> None:
    lines = tuple(line(minor, product_type, taxable) for minor, taxable, product_type in prices)
    taxes = tuple(Tax(f"T{number}", rate, inclusive) for number, (rate, inclusive) in enumerate(rates))
    bill = order(*lines, taxes=taxes, taxes_compound=compound, pre_tax_discount=before, after_tax_discount=after)
    assume(price_order(bill).total_minor > 0)

    postings = post_invoice(invoice_for(bill))

    assert balance_of(postings, "receivable") == price_order(bill).amount_due_minor


@pytest.mark.parametrize(
    ("gross", "fee", "allocated", "expected"),
    [
        (10_000, 320, 10_000, {"stripe_clearing": 9_680, "fees": 320, "receivable": -10_000}),
        (10_000, 0, 10_000, {"stripe_clearing": 10_000, "receivable": -10_000}),
        (10_000, 320, 4_000, {"stripe_clearing": 9_680, "fees": 320, "receivable": -4_000, "client_credit": -6_000}),
        (10_000, 0, 0, {"stripe_clearing": 10_000, "client_credit": -10_000}),
    ],
)
def test_a_payment_clears_the_receivable_and_the_rest_is_the_clients_credit(
    gross: int, fee: int, allocated: int, expected: dict[str, int]
) -> None:
    payment = ReceivedPayment(
        "pay_1", "inv_1", "c1", ISSUED_ON, euros(gross), euros(fee), euros(allocated), "stripe_clearing"
    )

    posting = post_payment(payment)

    assert {entry.account: entry.amount.minor for entry in posting.entries} == expected
    assert (posting.transaction_id, posting.subject_id) == ("paid:pay_1", "inv_1")


@pytest.mark.parametrize("balance", [0, 4_000, 10_000])
def test_a_void_takes_the_invoice_back_and_keeps_what_was_paid_as_credit(balance: int) -> None:
    invoice = invoice_for(order(line(10_000)))
    [issued] = post_invoice(invoice)

    void = post_void(invoice, issued.entries, euros(balance), date(2026, 4, 1))

    left: Counter[str] = Counter()
    for entry in (*issued.entries, *void.entries):
        left[entry.account] += entry.amount.minor
    assert left["revenue"] == 0
    assert left["receivable"] == 10_000 - balance  # what the payments had cleared is thereby made good
    assert left["client_credit"] == balance - 10_000


def test_a_posting_out_of_balance_with_a_zero_or_with_one_side_is_refused() -> None:
    def posting(*minors: int) -> Posting:
        return Posting("t1", "test", "s", ISSUED_ON, tuple(Entry("a", "", euros(minor)) for minor in minors))

    assert len(posting(1, -1).entries) == 2
    with pytest.raises(ValueError, match="debits and credits differ"):
        posting(1, -2)
    with pytest.raises(ValueError, match="an entry of zero on a"):
        posting(0, 0)
    with pytest.raises(ValueError, match="at least two entries"):
        posting(1)


def test_currencies_balance_each_for_itself() -> None:
    mixed = (Entry("a", "", euros(1)), Entry("b", "", Money(-1, "USD")))

    with pytest.raises(ValueError, match="debits and credits differ"):
        Posting("t1", "test", "s", ISSUED_ON, mixed)
