"""A ledger written down by hand for tests: each call is one fact, posted by our own posting rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Engine

from billing.adapters.ledger.engine import open_engine
from billing.adapters.ledger.schema import metadata
from billing.domain.books import Entry, Posting, ReceivedPayment, post_invoice, post_payment, post_void
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
from billing.domain.settlements import Movement, MovementKind

# What has a place in the ledger's own order: when it was written, and what comes first of what was written at once.
IN_ORDER = (
    ("consents", "recorded_at", "recorded_seq", 0),
    ("effects", "created_at", "intended_seq", 1),
    ("journal_transactions", "posted_at", "ledger_seq", 2),
    ("domain_events", "at", "ledger_seq", 3),
    ("grants", "granted_at", "granted_seq", 4),
    ("grants", "revoked_at", "revoked_seq", 5),
    ("consents", "revoked_at", "revoked_seq", 6),
)
CARD = '{"customer_id":"cus_1","payment_method_id":"pm_1"}'
STUDIO = Studio("North Light", (), "DE", "studio@northlight.example")


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


class LedgerBook:
    """Collects rows by table; `save` writes them into a fresh SQLite or PostgreSQL ledger."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.invoices: dict[str, Invoice] = {}
        self.posted: dict[str, tuple[Entry, ...]] = {}
        self.balances: dict[str, int] = defaultdict(int)

    def invoice(
        self,
        number: str,
        issued_on: date,
        amount: int,
        *,
        currency: str = "EUR",
        due_days: int = 14,
        client: str = "Ada Stern",
        collection: str = "invoice",
        product_type: str = "Photography",
        retainer: int = 0,
        tax_minor: int = 0,
        observed_at: datetime | None = None,
        session_on: date | None = None,
        session_id: str | None = None,
        revision: int = 1,
    ) -> str:
        """One finalized invoice of one line; `amount` is the total, `retainer` was paid before. Returns its id."""
        observed = observed_at or noon(issued_on)
        held_on = session_on or issued_on
        client_id = f"client:{client}"
        invoice = Invoice(
            invoice_id=f"inv:{number}",
            number=number,
            session_id=session_id or f"vsco:{number}",
            part=f"order:{session_id or number}",  # what corrects a void invoice is of the same order
            order_number=None,
            currency=currency,
            issued_on=issued_on,
            due_on=issued_on + timedelta(days=due_days),
            language="en",
            page_size="A4",
            studio=STUDIO,
            client=BilledClient(client_id, client, ("client@example.com",)),
            session=BilledSession(f"job:{number}", f"Session {number}", held_on, None, None),
            lines=(_line(product_type, amount - tax_minor),),
            subtotal_minor=amount - tax_minor,
            pre_tax_discount_minor=0,
            taxes=(TaxLine("VAT", Decimal("0.19"), False, amount - tax_minor, tax_minor),) if tax_minor else (),
            after_tax_discount_minor=0,
            total_minor=amount,
            deductions=(Deduction("retainer", f"ret:{number}", held_on, retainer),) if retainer else (),
            amount_due_minor=amount - retainer,
            collection=Collection(collection),
        )
        self.invoices[invoice.invoice_id] = invoice
        self._put_invoice(invoice, observed, revision)
        for posting in post_invoice(invoice):
            self.post(posting)
        return invoice.invoice_id

    def pay(
        self,
        invoice_id: str,
        on: date,
        amount: int | None = None,
        *,
        method_kind: str = "link",
        fee: int = 0,
        at: datetime | None = None,
    ) -> str:
        """Money for an invoice; what is more than its balance becomes the client's credit. Returns the payment's id."""
        invoice = self.invoices[invoice_id]
        gross = self.balances[invoice_id] if amount is None else amount
        allocated = min(gross, self.balances[invoice_id])
        payment_id = f"pay:{len(self.rows['payments']) + 1}"
        elsewhere = method_kind == "elsewhere"
        self.put(
            "payments", payment_id=payment_id, provider="studio" if elsewhere else "stripe",
            provider_object_id=f"pi_{payment_id}", kind="payment", invoice_id=invoice_id, currency=invoice.currency,
            amount_minor=gross, fee_minor=fee, method_label="Visa ending 4242", method_kind=method_kind,
            captured_at=at or noon(on), received_on=on, recorded_at=at or noon(on),
        )  # fmt: skip
        if allocated:
            self.put("allocations", payment_id=payment_id, invoice_id=invoice_id, amount_minor=allocated)
        money = {name: Money(minor, invoice.currency) for name, minor in
                 (("gross", gross), ("fee", fee), ("allocated", allocated))}  # fmt: skip
        account = "bank" if elsewhere else "stripe_clearing"
        received = ReceivedPayment(
            payment_id, invoice_id, invoice.client.client_id, on, clearing_account=account, **money
        )
        self.post(post_payment(received), at)
        return payment_id

    def refund(self, invoice_id: str, on: date, amount: int) -> None:
        """Money given back, or lost in a dispute: the invoice is owed again."""
        self._move(invoice_id, "refunded", on, "stripe_clearing", amount)

    def credit(self, invoice_id: str, on: date, amount: int) -> None:
        """A credit note: less revenue, less owed."""
        self._move(invoice_id, "credited", on, "revenue", -amount)

    def write_off(self, invoice_id: str, on: date) -> None:
        self._move(invoice_id, "written_off", on, "bad_debts", -self.balances[invoice_id])

    def void(self, invoice_id: str, on: date) -> None:
        invoice = self.invoices[invoice_id]
        balance = Money(self.balances[invoice_id], invoice.currency)
        self.post(post_void(invoice, self.posted[f"issued:{invoice_id}"], balance, on))
        self.put("invoice_voids", invoice_id=invoice_id, voided_at=noon(on), actor="anna", reason="wrong order")

    def mail(self, subject_id: str, purpose: str, at: datetime, *, state: str = "done") -> None:
        self.effect("mail", subject_id, purpose, at, state=state)

    def charge(self, invoice_id: str, at: datetime, *, state: str = "done") -> None:
        """A charge of the client's card, with a consent on record since the month before."""
        client_id = self.invoices[invoice_id].client.client_id
        if all(row["client_id"] != client_id for row in self.rows["consents"]):
            self.consent(client_id, at - timedelta(days=30))
        self.effect("charge", invoice_id, "autopay", at, state=state, parameters=CARD)

    def effect(
        self, kind: str, subject_id: str, purpose: str, at: datetime, *, state: str = "done", **values: Any
    ) -> None:
        """One effect, intended at `at` and, if it has ended, settled at that time too."""
        number = len(self.rows["effects"]) + 1
        over = state in ("done", "failed", "cancelled")
        row = {
            "effect_id": f"eff:{number}", "kind": kind, "purpose": purpose, "subject_id": subject_id,
            "key": f"{kind}:{purpose}:{subject_id}", "parameters": "{}", "parameters_sha256": "", "state": state,
            "not_before": at, "attempts": 1, "lease_owner": None, "lease_fence": 1, "lease_until": None,
            "provider_reference": None, "outcome_code": None, "outcome": None, "created_at": at,
            "settled_at": at if over else None,
        }  # fmt: skip
        self.put("effects", **{**row, **values})

    def render(self, invoice_id: str, at: datetime) -> None:
        self.put(
            "documents", subject_id=invoice_id, kind="invoice", sha256="", size_bytes=40_000, created_at=at,
            content=b"%PDF",
        )  # fmt: skip

    def session(self, session_id: str, name: str, at: datetime, *, state: str = "billed") -> None:
        self.put(
            "sessions", session_id=session_id, source="vsco", job_id=f"job:{session_id}", name=name, state=state,
            reason=None, trigger_policy="fulfillment", completed_on=at.date(), first_observed_at=at,
            records_fetched_at=at, settled_at=at,
        )  # fmt: skip

    def attention(self, subject_id: str, sentence: str, at: datetime, *, code: str = "charge_failed") -> None:
        self.put(
            "attention", subject_id=subject_id, code=code, sentence=sentence, opened_at=at, resolved_at=None,
            resolved_by=None,
        )  # fmt: skip

    def difference(
        self, subject_id: str, cause: str, sentence: str, at: datetime, *, scope: str = "stripe",
        currency: str | None = "EUR", ledger_minor: int | None = None, outside_minor: int | None = None,
        closed_at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.put(
            "differences", scope=scope, subject_id=subject_id, cause=cause, currency=currency,
            ledger_minor=ledger_minor, outside_minor=outside_minor, sentence=sentence, found_at=at,
            closed_at=closed_at, reconciliation_id=1,
        )  # fmt: skip

    def compared(self, scope: str, at: datetime, *, compared: int = 100, differences: int = 0) -> None:
        self.put(
            "reconciliations", scope=scope, started_at=at, finished_at=at, compared=compared, differences=differences
        )

    def payout(
        self, payout_id: str, on: date, arrives_on: date, moved: Sequence[tuple[str, int, int]], *,
        status: str = "paid", currency: str = "EUR", posted_by: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """`moved`: (kind, amount, fee) of each movement that it is made of, and the transaction that posted each."""
        amount = sum(minor - fee for _, minor, fee in moved)
        self.put(
            "payouts", payout_id=payout_id, provider="stripe", currency=currency, amount_minor=amount, status=status,
            is_automatic=1, is_itemized=1, created_at=noon(on), arrives_on=arrives_on, recorded_at=noon(on),
        )  # fmt: skip
        for number, (kind, minor, fee) in enumerate(moved, start=1):
            movement_id = f"txn_{payout_id}_{number}"
            self.put("payout_movements", payout_id=payout_id, movement_id=movement_id)
            self.put(
                "movements", movement_id=movement_id, provider="stripe", kind=kind, source_id=movement_id,
                invoice_id=None, transaction_id=posted_by[number - 1] if posted_by else None, currency=currency,
                amount_minor=minor, fee_minor=fee, description="", occurred_at=noon(on), recorded_at=noon(on),
            )  # fmt: skip

    def moved(
        self, kind: str, source_id: str, minor: int, fee_minor: int, on: date, invoice_id: str,
        transaction_id: str | None = None,
    ) -> Movement:  # fmt: skip
        """A movement of the provider's balance; unless given, its own transaction posts it."""
        movement_id = f"txn_{len(self.rows['movements']) + 1}"
        self.put(
            "movements", movement_id=movement_id, provider="stripe", kind=kind, source_id=source_id,
            invoice_id=invoice_id, transaction_id=transaction_id or f"moved:{movement_id}", currency="EUR",
            amount_minor=minor, fee_minor=fee_minor, description="", occurred_at=noon(on), recorded_at=noon(on),
        )  # fmt: skip
        return Movement(
            movement_id, MovementKind(kind), source_id, Money(minor, "EUR"), Money(fee_minor, "EUR"), noon(on)
        )

    def grant(self, invoice_id: str, at: datetime, *, revoked_at: datetime | None = None) -> None:
        number = len(self.rows["grants"]) + 1
        self.put(
            "grants", grant_id=f"grant:{number}", invoice_id=invoice_id, session_id=f"s:{number}", host="vsco",
            gallery_id=f"g:{number}", gallery_name="Gallery", url="https://gallery.example", password="canary",
            pin="4711", expires_on=None, granted_at=at, revoked_at=revoked_at,
        )  # fmt: skip

    def consent(self, client_id: str, at: datetime, *, recorded_at: datetime | None = None) -> None:
        self.put(
            "consents", client_id=client_id, customer_id="cus_1", payment_method_id="pm_1", label="Visa ending 4242",
            text_version="1", consented_at=at, recorded_at=recorded_at or at, actor="client", revoked_at=None,
        )  # fmt: skip

    def post(self, posting: Posting, at: datetime | None = None) -> None:
        """Append a journal transaction and follow the receivables it moves; posted at noon of its day unless told."""
        seq = len(self.rows["journal_transactions"]) + 1
        self.posted[posting.transaction_id] = posting.entries
        self.put(
            "journal_transactions", seq=seq, transaction_id=posting.transaction_id, kind=posting.kind,
            subject_id=posting.subject_id, posted_on=posting.posted_on, posted_at=at or noon(posting.posted_on),
            previous_hash="", hash="",
        )  # fmt: skip
        for position, entry in enumerate(posting.entries):
            self.put(
                "journal_entries", transaction_id=posting.transaction_id, position=position, account=entry.account,
                detail=entry.detail, currency=entry.amount.currency, amount_minor=entry.amount.minor,
            )  # fmt: skip
            if entry.account == "receivable":
                self.balances[entry.detail] += entry.amount.minor

    def put(self, table: str, **row: Any) -> None:
        self.rows[table].append(row)

    def order(self) -> None:
        """Give every row its place in the ledger's own order, by the instant at which it was written."""
        written = [
            (row[at], place, number, row, column)
            for at, column, place, rows in ((a, c, p, self.rows[table]) for table, a, c, p in IN_ORDER)
            for number, row in enumerate(rows)
            if row.get(at) is not None
        ]
        for seq, (_, _, _, row, column) in enumerate(sorted(written, key=lambda one: one[:3]), start=1):
            row.setdefault(column, 10 * seq)
        for row in (*self.rows["grants"], *self.rows["consents"]):
            row.setdefault("revoked_seq", None)

    def save(self, url: str, *, unguarded: bool = False) -> Engine:
        """A ledger with these rows at `url`; without its indexes, to let a violation in. Dispose of the engine."""
        self.order()
        engine = open_engine(url)
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            metadata.drop_all(connection)
            metadata.create_all(connection)
            for index in [index for table in metadata.sorted_tables for index in table.indexes if unguarded]:
                index.drop(connection)
            self._write(connection)
        return engine

    def save_sqlite(self, path: Path) -> str:
        """The same as a SQLite file, closed again; its URL."""
        self.order()
        path.write_bytes(_without_rows())
        engine = open_engine(f"sqlite:///{path}")
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            self._write(connection)
        engine.dispose()
        return f"sqlite:///{path}"

    def _write(self, connection: Connection) -> None:
        for table in metadata.sorted_tables:
            if self.rows[table.name]:
                connection.execute(table.insert(), self.rows[table.name])

    def _put_invoice(self, invoice: Invoice, observed: datetime, revision: int) -> None:
        sequence = sum(row["series"] == f"{invoice.currency}-" for row in self.rows["invoices"]) + 1
        self.put(
            "invoices", invoice_id=invoice.invoice_id, series=f"{invoice.currency}-", sequence=sequence,
            number=invoice.number, session_id=invoice.session_id, part=invoice.part, revision=revision,
            client_id=invoice.client.client_id, client_name=invoice.client.name, currency=invoice.currency,
            collection=str(invoice.collection), issued_on=invoice.issued_on, due_on=invoice.due_on,
            session_on=invoice.session.session_on, subtotal_minor=invoice.subtotal_minor, pre_tax_discount_minor=0,
            exclusive_tax_minor=sum(tax.amount_minor for tax in invoice.taxes), after_tax_discount_minor=0,
            total_minor=invoice.total_minor, deductions_minor=invoice.total_minor - invoice.amount_due_minor,
            amount_due_minor=invoice.amount_due_minor, trigger_observed_at=observed,
            priced_at=observed + timedelta(seconds=5), finalized_at=observed + timedelta(seconds=6),
            record_horizon=1, snapshot="{}", snapshot_sha256="",
        )  # fmt: skip
        for line in invoice.lines:
            self.put(
                "invoice_lines", invoice_id=invoice.invoice_id, position=line.position, depth=0, name=line.name,
                product_type=line.product_type, quantity="1", unit_minor=line.unit_minor,
                amount_minor=line.amount_minor, discount_minor=0, included_tax_minor=0, taxable=1,
            )  # fmt: skip
        for position, item in enumerate(invoice.deductions):
            self.put(
                "invoice_deductions", invoice_id=invoice.invoice_id, position=position, kind=item.kind,
                source_payment_id=item.source_payment_id, received_on=item.received_on, amount_minor=item.amount_minor,
            )  # fmt: skip
        for position, tax in enumerate(invoice.taxes):
            self.put(
                "invoice_taxes", invoice_id=invoice.invoice_id, position=position, name=tax.name, rate=str(tax.rate),
                inclusive=0, base_minor=tax.base_minor, amount_minor=tax.amount_minor,
            )  # fmt: skip

    def _move(self, invoice_id: str, kind: str, on: date, account: str, receivable_minor: int) -> None:
        invoice = self.invoices[invoice_id]
        amount = Money(receivable_minor, invoice.currency)
        entries = (Entry("receivable", invoice_id, amount), Entry(account, "", -amount))
        serial = len(self.rows["journal_transactions"])
        self.post(Posting(f"{kind}:{invoice_id}:{serial}", kind, invoice_id, on, entries))


@cache
def _without_rows() -> bytes:
    """A ledger's file with its tables."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        engine = open_engine(f"sqlite:///{path}")
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            metadata.create_all(connection)
        engine.dispose()
        return path.read_bytes()


def _line(product_type: str, amount: int) -> InvoiceLine:
    line = InvoiceLine(0, 0, product_type, "", product_type, Decimal(1), amount, amount, 0, 0, True)
    return replace(line, name=f"{product_type} package")
