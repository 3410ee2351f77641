"""A studio to test the services in: fakes by role around a real ledger, and a day's work as calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fake_letters import FakeMailer, FakeWriter
from fake_paper import FakeRenderer
from fakes import FakeClock, FakeGalleryHost, FakeGateway, FakeSessionSource
from sqlalchemy import text

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.adapters.manual_gallery import ManualGalleries
from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.invoices import Studio as StudioDetails
from billing.domain.money import Money
from billing.domain.policy import DeliveryMode, StudioPolicy
from billing.domain.sessions import Client, Gallery, JobSummary, Order, OrderLine, SessionFacts, Stage
from billing.ports.ledger import InvoiceRow
from billing.services.commands.carry_out import carry_out_commands, submit
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.invoicing.approve_drafts import seen_as, seen_text
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.invoicing.issue_invoices import Billed, bill_due_sessions

POLICY = StudioPolicy(
    studio=StudioDetails("North Light", (), "DE", "hello@northlight.example"),
    sender="North Light <hello@northlight.example>",
    time_zone="Europe/Berlin",
    billing_starts_on=date(2026, 1, 1),
    delivery_mode=DeliveryMode.AUTOMATIC,
    autopay_notice_days=0,  # cards are charged at once, but for the stories about notice
)
KINDS = (EffectKind.PAY_LINK, EffectKind.CHARGE, EffectKind.PAY_LINK)
LATER_KINDS = (
    EffectKind.REFUND, EffectKind.GRANT, EffectKind.REVOKE, EffectKind.CLOSE_PAY_LINK, EffectKind.WRITE_BACK,
    EffectKind.MAIL,
)  # fmt: skip


def order(order_id: str = "o1", minor: int = 50_000, **changes: Any) -> Order:
    price = Money(minor, "EUR")
    line = OrderLine("l1", "Portrait session", Decimal(1), price, product_type="Photography")
    return replace(Order(order_id, order_id, "open", "EUR", (line,), price, price), **changes)


@dataclass
class Studio:
    """The world around one ledger."""

    ledger: SqlLedger
    clock: FakeClock
    source: FakeSessionSource
    gateway: FakeGateway
    mailer: FakeMailer
    renderer: FakeRenderer
    host: FakeGalleryHost
    policy: StudioPolicy = POLICY
    concurrency: int = 1

    @classmethod
    def around(cls, ledger: SqlLedger) -> Studio:
        clock = FakeClock()
        source, gateway = FakeSessionSource(clock), FakeGateway(clock)
        return cls(ledger, clock, source, gateway, FakeMailer(), FakeRenderer(), FakeGalleryHost())

    @property
    def ctx(self) -> Context:
        return Context(
            ledger=self.ledger,
            source=self.source,
            gateway=self.gateway,
            galleries={"vsco": self.host, "manual": ManualGalleries()},
            mailer=self.mailer,
            writer=FakeWriter(),
            renderer=self.renderer,
            clock=self.clock,
            policy=self.policy,
            concurrency=self.concurrency,
        )

    def session(self, job_id: str = "j1", *orders: Order, **changes: Any) -> SessionFacts:
        """A completed session at the booking system; `changes` to its facts, `job` for changes to the job."""
        job_changes = changes.pop("job", {})
        job = JobSummary(
            job_id, f"Session {job_id}", Stage.FULFILLMENT, False, False, date(2026, 3, 1), None, f"s-{job_id}"
        )
        client = Client(f"c-{job_id}", f"Ada {job_id}", (f"{job_id}@example.com", f"second.{job_id}@example.com"))
        facts = SessionFacts(job=replace(job, **job_changes), client=client, orders=orders or (order(f"o-{job_id}"),))
        facts = replace(facts, **changes)
        self.source.put(facts)
        return facts

    def with_gallery(self, job_id: str = "j1", host: str = "vsco", **changes: Any) -> SessionFacts:
        return self.session(job_id, galleries=(Gallery(f"g-{job_id}", host, "Photos", "https://g.example"),), **changes)

    def observe(self) -> None:
        observe_jobs(self.ctx)
        fetch_session_records(self.ctx)

    def bill(self) -> Billed:
        self.observe()
        return bill_due_sessions(self.ctx)

    def do(self, *kinds: EffectKind) -> dict[str, int]:
        ended: dict[str, int] = {}
        for kind in kinds:
            for state, count in run_effects(self.ctx, HANDLERS[kind], kind).items():
                ended[state] = ended.get(state, 0) + count
        return ended

    def round(self) -> None:
        """Everything that the pipeline does, once."""
        carry_out_commands(self.ctx)
        self.bill()
        self.do(*KINDS)
        render_invoices(self.ctx)
        poll_events(self.ctx)
        apply_events(self.ctx)
        plan_grants(self.ctx)
        self.do(EffectKind.PAY_LINK, *LATER_KINDS)

    def invoice(self, job_id: str = "j1") -> InvoiceRow:
        """The newest invoice of this job."""
        return self.invoices(job_id)[-1]

    def invoices(self, job_id: str = "j1") -> list[InvoiceRow]:
        ids = self.column(
            "select invoice_id from invoices where session_id = :s order by revision, part", s=f"vsco:{job_id}"
        )
        with self.ledger.read() as uow:
            return [uow.invoices.require(invoice_id) for invoice_id in ids]

    def effects(self, kind: EffectKind | None = None) -> list[Effect]:
        states = list(EffectState)
        with self.ledger.read() as uow:
            return [effect for state in states for effect in uow.effects.in_state(state, kind)]

    def open_items(self) -> dict[tuple[str, str], str]:
        with self.ledger.read() as uow:
            return {(item.subject_id, item.code): item.sentence for item in uow.tasks.open_tasks()}

    def codes(self) -> list[str]:
        return sorted(code for _, code in self.open_items())

    def state_of(self, job_id: str = "j1") -> str:
        with self.ledger.read() as uow:
            row = uow.sessions.get(f"vsco:{job_id}")
        return row.state if row else "unseen"

    def consent(self, job_id: str = "j1", method: str = "pm_1") -> None:
        self.ask(
            "record_consent", client_id=f"c-{job_id}", customer_id=f"cus_{job_id}", payment_method_id=method,
            label="Visa ending 4242", text_version="v1", consented_at="2026-02-01T10:00:00+00:00",
        )  # fmt: skip

    def autopay(self, job_id: str = "j1", *orders: Order, method: str = "pm_1") -> None:
        self.consent(job_id, method)
        self.session(job_id, *orders, collection_preference="autopay")

    def ask(self, name: str, actor: str = "olga", reason: str = "asked by phone", **arguments: str | int) -> str:
        """A person asks for something, and it is carried out."""
        submit(self.ledger, name, arguments, actor, reason, self.clock.now())
        return carry_out_commands(self.ctx)[-1][1]

    def approve(self, *invoice_ids: str) -> str:
        """A person approves what they see now: these drafts, or all that wait."""
        return self.ask("approve", drafts=self.seen(*invoice_ids))

    def seen(self, *invoice_ids: str) -> str:
        with self.ledger.read() as uow:
            waiting = {row.invoice.invoice_id: seen_as(row.invoice) for row in uow.drafts.in_state("waiting")}
        return seen_text({one: waiting.get(one, "not-there") for one in invoice_ids or waiting})

    def pay_on_page(self, job_id: str = "j1", minor: int | None = None) -> None:
        with self.ledger.read() as uow:
            link = uow.pay_links.newest_open(self.invoice(job_id).invoice.invoice_id)
        assert link is not None
        self.gateway.pay(link.link_id, None if minor is None else Money(minor, "EUR"))

    def pay_by_cheque(self, job_id: str = "j1", minor: int = 50_000, reference: str = "1077") -> str:
        return self.ask(
            "record_payment", number=str(self.invoice(job_id).invoice.number), amount_minor=minor, reference=reference,
            method="cheque", received_on=self.ctx.today().isoformat(),
        )  # fmt: skip

    def column(self, sql: str, **values: Any) -> list[Any]:
        return [row[0] for row in self.rows(sql, **values)]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.ledger.engine.connect() as connection, connection.begin():
            return [tuple(row) for row in connection.execute(text(sql), values)]

    def until(self, day: date, hour: int = 10) -> None:
        self.clock.at = datetime.combine(day, self.clock.at.timetz()).replace(hour=hour)

    def tomorrow(self) -> None:
        self.clock.at += timedelta(days=1)


Make = Callable[..., Studio]
