"""Stand-ins by role: small, honest, and able to fail before or after what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import RLock
from typing import Any

from fake_settlements import FakeSettlements
from fault_line import Crash as Crash
from fault_line import FakeClock as FakeClock
from fault_line import Line as Line

from billing.domain import canonical
from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import PayLink, PaymentFact, PaymentStatus, ProviderEvent, Refusal, SavedMethod
from billing.domain.sessions import Gallery, JobSummary, Order, SessionFacts
from billing.domain.settlements import MovementKind
from billing.ports.outside import (
    GalleryAccess,
    GatewayAccount,
    KnownInvoice,
    RawRecord,
    Reading,
    SourceAccount,
    WrittenPayment,
)

JOB_KINDS, SHARED_KINDS = ("gallery",), ("brand", "custom-field", "tax-rate")  # what may be refused by itself


class FakeSessionSource:
    """Jobs as canonical JSON: the job record holds the facts, orders and galleries are records of their own."""

    name = "vsco"

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.line = Line()
        self.jobs: dict[str, RawRecord] = {}
        self.related: dict[str, list[RawRecord]] = {}
        self.written: dict[str, dict[str, Any]] = {}
        self.applied: dict[tuple[str, str], int] = {}
        self.refused: dict[str, str] = {}  # kinds that are not shown, each with its sentence

    def put(self, facts: SessionFacts, modified_at: datetime | None = None) -> None:
        """The job as it is from now on."""
        bare = replace(facts, orders=(), galleries=())
        job_id = facts.job.job_id
        self.jobs[job_id] = RawRecord("job", job_id, modified_at or self._clock.now(), canonical.dumps(bare))
        self.related[job_id] = [
            *(RawRecord("order", order.order_id, None, canonical.dumps(order)) for order in facts.orders),
            *(RawRecord("gallery", item.gallery_id, None, canonical.dumps(item)) for item in facts.galleries),
        ]

    def spoil(self, job_id: str, body: str = "{") -> None:
        self.jobs[job_id] = RawRecord("job", job_id, self._clock.now(), body)

    def account(self) -> SourceAccount:
        return SourceAccount("North Light", "EUR", None)

    def changed_jobs(
        self, since: datetime | None, max_pages: int | None = None, until: datetime | None = None
    ) -> Iterator[list[RawRecord]]:
        newest_first = sorted(self.jobs.values(), key=lambda job: str(job.modified_at), reverse=True)
        newer = [job for job in newest_first if since is None or not job.modified_at or job.modified_at >= since]
        wanted = [job for job in newer if until is None or not job.modified_at or job.modified_at <= until]
        for number, start in enumerate(range(0, len(wanted), 2)):
            if max_pages is not None and number >= max_pages:
                return
            self.line.pass_through("changed_jobs")
            yield wanted[start : start + 2]

    def related_records(self, job_id: str) -> Reading:
        self.line.pass_through(f"related:{job_id}")
        records = [self.jobs[job_id], *self.related[job_id]]
        return Reading([one for one in records if one.kind not in self.refused], self._refused_of(JOB_KINDS))

    def shared_records(self) -> Reading:
        self.line.pass_through("shared")
        return Reading([RawRecord("studio", "studio", None, "{}")], self._refused_of(SHARED_KINDS))

    def _refused_of(self, kinds: tuple[str, ...]) -> dict[str, str]:
        return {kind: sentence for kind, sentence in self.refused.items() if kind in kinds}

    def read_job(self, record: RawRecord, shared: Sequence[RawRecord]) -> JobSummary:
        return self._read(record).job

    def read_session(self, records: Sequence[RawRecord], shared: Sequence[RawRecord]) -> SessionFacts:
        facts = self._read(next(record for record in records if record.kind == "job"))
        orders = tuple(canonical.loads(Order, record.body) for record in records if record.kind == "order")
        galleries = tuple(canonical.loads(Gallery, record.body) for record in records if record.kind == "gallery")
        return replace(facts, orders=orders, galleries=galleries)

    def _read(self, record: RawRecord) -> SessionFacts:
        if record.body == "{":
            raise PermanentError("malformed_record", f"Job {record.source_id} cannot be read; look at it there.")
        return canonical.loads(SessionFacts, record.body)

    def find_payment(self, job_id: str, transaction_id: str) -> str | None:
        self.line.pass_through("find_payment")
        found = [key for key, row in self.written.items() if row["transaction_id"] == transaction_id]
        return found[0] if found else None

    def written_payments(self, job_id: str) -> dict[str, WrittenPayment]:
        self.line.pass_through(f"written_payments:{job_id}")
        return {
            row["transaction_id"]: WrittenPayment(
                payment_id,
                row["amount"],
                row.get("refunded", Money(0, row["amount"].currency)),
                {o: Money(minor, row["amount"].currency) for (p, o), minor in self.applied.items() if p == payment_id},
            )
            for payment_id, row in self.written.items()
            if row["job_id"] == job_id
        }

    def record_payment(self, job_id: str, transaction_id: str, amount: Money, received_on: date, memo: str) -> str:
        self.line.pass_through("record_payment")
        payment_id = f"vscopay{len(self.written) + 1}"
        self.written[payment_id] = {"job_id": job_id, "transaction_id": transaction_id, "amount": amount}
        self.line.pass_through("record_payment", "after")
        return payment_id

    def payment_is_applied(self, payment_id: str, order_id: str) -> bool:
        return (payment_id, order_id) in self.applied

    def apply_payment(self, payment_id: str, order_id: str, amount: Money) -> None:
        self.line.pass_through("apply_payment")
        self.applied[payment_id, order_id] = self.applied.get((payment_id, order_id), 0) + amount.minor
        self.line.pass_through("apply_payment", "after")


@dataclass
class _Intent:
    """A payment at the provider."""

    fact: PaymentFact
    asked: Money
    key: str


class FakeGateway(FakeSettlements):
    """Keeps payments, refuses another request under the same key, and captures what is confirmed exactly once."""

    name = "stripe"

    def __init__(self, clock: FakeClock) -> None:
        self._clock, self._lock = clock, RLock()
        self.line = Line()
        self.payments: dict[str, _Intent] = {}
        self.links: dict[str, dict[str, Any]] = {}
        self.events: list[ProviderEvent] = []
        self.cards: dict[str, Refusal | PaymentStatus] = {}
        self.fee: Money | None = None
        self.unpayable: set[int] = set()
        self.named: dict[str, KnownInvoice] = {}
        self.account_id = "acct_1"
        self._keys: dict[str, tuple[str, str]] = {}
        self.start_settlements()

    def account(self) -> GatewayAccount:
        return GatewayAccount(self.account_id, False, "North Light")

    def captured(self, invoice_id: str) -> list[int]:
        return [
            p.fact.amount.minor for p in self.payments.values() if p.fact.invoice_id == invoice_id and p.fact.amount
        ]

    def check_amount(self, amount: Money) -> None:
        if amount.minor in self.unpayable:
            raise PermanentError("stripe_amount_unpayable", f"Stripe cannot take {amount} by card.")

    def create_pay_link(self, invoice: Invoice, amount: Money, key: str, turn: int = 1) -> PayLink:
        self.line.pass_through("create_pay_link")
        with self._lock:
            link_id = self._once(f"{key}:{turn}", f"{invoice.invoice_id} {amount}", f"plink_{len(self.links) + 1}")
            link = {"invoice_id": invoice.invoice_id, "amount": amount, "open": True, "key": key}
            self.links.setdefault(link_id, link)
            self._name(invoice)
        self.line.pass_through("create_pay_link", "after")
        return PayLink(link_id, f"https://pay.example/{link_id}")

    def find_pay_link(self, invoice_id: str, key: str) -> PayLink | None:
        self.line.pass_through("find_pay_link")
        for link_id, link in self.links.items():
            if link["key"] == key and link["invoice_id"] == invoice_id:
                return PayLink(link_id, f"https://pay.example/{link_id}")
        return None

    def close_pay_link(self, link_id: str) -> None:
        self.line.pass_through("close_pay_link")
        self.links[link_id]["open"] = False
        self.line.pass_through("close_pay_link", "after")

    def pay(self, link_id: str, amount: Money | None = None) -> ProviderEvent:
        """The client pays on the page, once."""
        link = self.links[link_id]
        assert link["open"], f"{link_id} is closed"
        link["open"] = False
        return self.receive(link["invoice_id"], amount or link["amount"])

    def receive(self, invoice_id: str, amount: Money) -> ProviderEvent:
        """Money arrives for the invoice, however it was asked for."""
        payment_id = f"pi_{len(self.payments) + 1}"
        fact = PaymentFact("stripe", payment_id, PaymentStatus.UNCONFIRMED, Money(0, amount.currency), invoice_id)
        self.payments[payment_id] = _Intent(fact, amount, "")
        self._capture(payment_id)
        return self.tell("payment_intent.succeeded", payment_id)

    def tell(self, kind: str, object_id: str, payment_id: str | None = None) -> ProviderEvent:
        payment_id = object_id if object_id.startswith("pi_") else payment_id
        event = ProviderEvent(f"evt_{len(self.events) + 1}", kind, self._clock.now(), object_id, payment_id, "{}")
        self.events.append(event)
        return event

    def prepare_charge(self, invoice: Invoice, amount: Money, method: SavedMethod, key: str, turn: int = 1) -> str:
        self.line.pass_through("prepare_charge")
        with self._lock:
            asked = f"{invoice.invoice_id} {amount} {method.customer_id} {method.payment_method_id}"
            payment_id = self._once(f"{key}:{turn}", asked, f"pi_{len(self.payments) + 1}")
            self._name(invoice)
            fact = PaymentFact(
                "stripe", payment_id, PaymentStatus.UNCONFIRMED, Money(0, amount.currency), invoice.invoice_id,
                customer_id=method.customer_id,
            )  # fmt: skip
            self.payments.setdefault(payment_id, _Intent(fact, amount, key))
            self.cards.setdefault(payment_id, self.cards.get(method.payment_method_id, PaymentStatus.SUCCEEDED))
        self.line.pass_through("prepare_charge", "after")
        return payment_id

    def confirm_charge(self, payment_id: str, key: str, turn: int = 1) -> PaymentFact:
        self.line.pass_through("confirm_charge")
        with self._lock:
            intent, card = self.payments[payment_id], self.cards[payment_id]
            if intent.fact.status is PaymentStatus.UNCONFIRMED:
                if isinstance(card, Refusal):
                    intent.fact = replace(intent.fact, status=PaymentStatus.REQUIRES_CLIENT, refused=card)
                elif card is PaymentStatus.SUCCEEDED:
                    self._capture(payment_id)
                    self.tell("payment_intent.succeeded", payment_id)
                else:
                    intent.fact = replace(intent.fact, status=card)
        self.line.pass_through("confirm_charge", "after")
        return self.payments[payment_id].fact

    def cancel_charge(self, payment_id: str) -> PaymentFact:
        self.line.pass_through("cancel_charge")
        intent = self.payments[payment_id]
        if intent.fact.status in (PaymentStatus.UNCONFIRMED, PaymentStatus.REQUIRES_CLIENT):
            intent.fact = replace(intent.fact, status=PaymentStatus.CANCELED)
        return intent.fact

    def read_payment(self, payment_id: str) -> PaymentFact:
        self.line.pass_through("read_payment")
        if payment_id not in self.payments:
            raise PermanentError("stripe_refused", f"Stripe knows no {payment_id}.")
        return self.payments[payment_id].fact

    def find_charges(self, customer_id: str, key: str) -> list[PaymentFact]:
        self.line.pass_through("find_charges")
        found = [intent.fact for intent in self.payments.values() if intent.key == key]
        return [fact for fact in found if fact.customer_id == customer_id]

    def known_invoices(self) -> Iterator[KnownInvoice]:
        self.line.pass_through("known_invoices")
        return iter(list(self.named.values()))

    def _name(self, invoice: Invoice) -> None:
        number = str(invoice.number)
        self.named[number] = KnownInvoice(invoice.invoice_id, number, invoice.session_id)

    def new_events(self, after: str | None, limit: int) -> list[ProviderEvent]:
        self.line.pass_through("new_events")
        ids = [event.event_id for event in self.events]
        start = ids.index(after) + 1 if after in ids else 0
        return self.events[start : start + limit]

    def _capture(self, payment_id: str) -> None:
        intent = self.payments[payment_id]
        assert not intent.fact.amount, f"{payment_id} was captured before"
        intent.fact = replace(
            intent.fact, status=PaymentStatus.SUCCEEDED, amount=intent.asked, captured_at=self._clock.now(),
            fee=self.fee, method_label="Visa ending 4242", charge_id=f"ch_{payment_id}",
        )  # fmt: skip
        fee_minor = self.fee.minor if self.fee and self.fee.currency == intent.asked.currency else 0
        movement = self.move(MovementKind.PAYMENT, f"ch_{payment_id}", intent.asked, fee_minor)
        self.payment_movements[payment_id] = movement

    def _once(self, key: str, asked: str, answer: str) -> str:
        known = self._keys.setdefault(key, (asked, answer))
        if known[0] != asked:
            raise PermanentError("stripe_refused", f"The key {key} was used for another request.")
        return known[1]


class FakeGalleryHost:
    """Galleries that are open, and how often each was opened."""

    name = "vsco"

    def __init__(self) -> None:
        self.line = Line()
        self.opened: list[str] = []

    def open_gallery(self, gallery_id: str, expires_on: date | None) -> GalleryAccess:
        self.line.pass_through("open_gallery")
        self.opened.append(gallery_id)
        self.line.pass_through("open_gallery", "after")
        return GalleryAccess(f"https://gallery.example/{gallery_id}", "lilac-42", None, expires_on)

    def is_open(self, gallery_id: str) -> bool | None:
        self.line.pass_through(f"is_open:{gallery_id}")
        return gallery_id in self.opened

    def close_gallery(self, gallery_id: str) -> None:
        self.line.pass_through("close_gallery")
        self.opened[:] = [one for one in self.opened if one != gallery_id]
        self.line.pass_through("close_gallery", "after")
