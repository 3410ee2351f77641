"""Double entry: what each fact of the business posts. Debits are positive, credits negative."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from billing.domain.invoices import Deduction, Invoice
from billing.domain.money import Money


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting. `detail` is the invoice, product type, tax or client that the account is split by."""

    account: str
    detail: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Posting:
    """One journal transaction. `transaction_id` follows from the fact it posts: the same fact posts once."""

    transaction_id: str
    kind: str
    subject_id: str
    posted_on: date
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if len(self.entries) < 2:
            raise ValueError(f"{self.transaction_id}: a posting has at least two entries")
        balances: dict[str, int] = defaultdict(int)
        for entry in self.entries:
            if not entry.amount:
                raise ValueError(f"{self.transaction_id}: an entry of zero on {entry.account}")
            balances[entry.amount.currency] += entry.amount.minor
        if any(balances.values()):
            raise ValueError(f"{self.transaction_id}: debits and credits differ by {dict(balances)}")


@dataclass(frozen=True, slots=True)
class ReceivedPayment:
    """Money that arrived: gross, what the provider kept, and how much of it pays the invoice."""

    payment_id: str
    invoice_id: str
    client_id: str
    received_on: date
    gross: Money
    fee: Money
    allocated: Money
    clearing_account: str  # "stripe_clearing", or "bank" for a cheque


def post_invoice(invoice: Invoice) -> list[Posting]:
    """Receivable against revenue by product type and tax by rate; then each deduction against the receivable."""
    money = _in(invoice.currency)
    entries = [Entry("receivable", invoice.invoice_id, money(invoice.total_minor))]
    entries += [Entry("revenue", kind, money(-amount)) for kind, amount in _revenue(invoice)]
    entries += [
        Entry("tax_payable", _tax_name(tax.name, str(tax.rate)), money(-tax.amount_minor)) for tax in invoice.taxes
    ]
    entries.append(Entry("discounts", invoice.invoice_id, money(invoice.after_tax_discount_minor)))
    issued = Posting(
        f"issued:{invoice.invoice_id}", "invoice_issued", invoice.invoice_id, invoice.issued_on, _without_zero(entries)
    )
    return [issued, *(posting for item in invoice.deductions for posting in _post_deduction(invoice, item))]


def post_payment(payment: ReceivedPayment) -> Posting:
    """Clearing and fee against the receivable; what is more than the invoice needs is the client's credit."""
    surplus = payment.gross - payment.allocated
    entries = [
        Entry(payment.clearing_account, "", payment.gross - payment.fee),
        Entry("fees", "stripe", payment.fee),
        Entry("receivable", payment.invoice_id, -payment.allocated),
        Entry("client_credit", payment.client_id, -surplus),
    ]
    return Posting(
        f"paid:{payment.payment_id}",
        "payment_received",
        payment.invoice_id,
        payment.received_on,
        _without_zero(entries),
    )


def post_void(invoice: Invoice, issued: Iterable[Entry], balance: Money, voided_on: date) -> Posting:
    """What was issued, reversed; what was paid or deducted already becomes the client's credit.

    `issued` is the issuing transaction less what was credited or written off since.
    """
    entries = [Entry(entry.account, entry.detail, -entry.amount) for entry in issued]
    asked_for = Money(-sum(e.amount.minor for e in entries if e.account == "receivable"), invoice.currency)
    settled = asked_for - balance
    entries.append(Entry("receivable", invoice.invoice_id, settled))
    entries.append(Entry("client_credit", invoice.client.client_id, -settled))
    return Posting(
        f"voided:{invoice.invoice_id}", "invoice_voided", invoice.invoice_id, voided_on, _without_zero(entries)
    )


def added_up(entries: Iterable[Entry]) -> list[Entry]:
    """One entry for each account and detail, those that come to nothing left out, in the order of first sight."""
    sums: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        name = entry.account, entry.detail, entry.amount.currency
        sums[name] = sums.get(name, 0) + entry.amount.minor
    return [Entry(account, detail, Money(minor, code)) for (account, detail, code), minor in sums.items() if minor]


def _post_deduction(invoice: Invoice, item: Deduction) -> list[Posting]:
    """Money the booking system had taken before us: first into retainers, then out of them for this invoice."""
    amount = Money(item.amount_minor, invoice.currency)
    job = invoice.session.job_id
    received_on = item.received_on or invoice.issued_on
    return [
        Posting(
            f"retained:{invoice.invoice_id}:{item.source_payment_id}", "retainer_recorded", invoice.invoice_id,
            received_on,
            (Entry("payments_elsewhere", item.source_payment_id, amount), Entry("retainers", job, -amount)),
        ),
        Posting(
            f"deducted:{invoice.invoice_id}:{item.source_payment_id}", "retainer_applied", invoice.invoice_id,
            invoice.issued_on,
            (Entry("retainers", job, amount), Entry("receivable", invoice.invoice_id, -amount)),
        ),
    ]  # fmt: skip


def _revenue(invoice: Invoice) -> list[tuple[str, int]]:
    by_type: dict[str, int] = defaultdict(int)
    for line in invoice.lines:
        by_type[line.product_type] += line.amount_minor - line.discount_minor - line.included_tax_minor
    return sorted(by_type.items())


def _tax_name(name: str, rate: str) -> str:
    return f"{name} {rate}"


def _in(currency: str) -> Callable[[int], Money]:
    return lambda minor: Money(minor, currency)


def _without_zero(entries: list[Entry]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.amount)
