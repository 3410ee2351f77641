"""What the photographer does in the demo: she gives back, asks for less, takes back an invoice, books a cheque.

Each of these once, through the same queue as `billing refund` and the others; the pipeline carries it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from billing.adapters.ledger.overview import Overview
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.cli.demo.clients import PayPlan
from billing.ports.ledger import InvoiceRow
from billing.sandbox.seed.plan import PlannedJob
from billing.services.commands.carry_out import Arguments, submit

WHO = "Ingrid Nordahl"


@dataclass(frozen=True)
class Deed:
    """One command about one invoice, so many of the clients' days after their first mail.

    `when` says of the invoice whether it is to be done; `arguments`, beside its number, come of the invoice and the
    studio's day (ISO).
    """

    command: str
    reason: str
    after_days: int
    when: Callable[[InvoiceRow], bool]
    arguments: Callable[[InvoiceRow, str], Arguments] = lambda _row, _day: {}


def _is_paid(row: InvoiceRow) -> bool:
    return row.balance_minor <= 0 and not row.is_void


def _is_owed(row: InvoiceRow) -> bool:
    return row.balance_minor > 0 and not row.is_void


def _of_one_print(row: InvoiceRow, _day: str) -> Arguments:
    return {"amount_minor": next(line.unit_minor for line in row.invoice.lines if "print" in line.name)}


def _a_tenth(row: InvoiceRow, _day: str) -> Arguments:
    return {"amount_minor": row.balance_minor // 1000 * 100}


def _by_cheque(row: InvoiceRow, day: str) -> Arguments:
    return {"amount_minor": row.balance_minor, "received_on": day, "method": "cheque", "reference": "100734"}


# By the difficulty of the session (`billing.sandbox.seed.money_back`).
DEEDS = {
    "damaged_prints": Deed("refund", "one of the three prints arrived damaged", 5, _is_paid, _of_one_print),
    "cut_short": Deed("credit", "rain cut the session short, agreed on the phone", 3, _is_owed, _a_tenth),
    "wrong_client": Deed("void", "it was a present: her sister has paid for it", 3, _is_owed),
    "paid_by_cheque": Deed("record_payment", "came by post", 6, _is_owed, _by_cheque),
}


@dataclass(frozen=True)
class Desk:
    """Where she asks for it: the ledger that the pipeline works on."""

    ledger: SqlLedger
    pays: PayPlan

    def see_to_it(self, now: datetime, day: str) -> list[str]:
        """Ask for what is due now; returns what was asked for. `day` is the studio's, ISO."""
        due = {job.id: job for job in self.pays.plan.jobs if job.difficulty in DEEDS and self._is_time(job, now)}
        if not due:
            return []
        overview = Overview(self.ledger.engine)
        jobs = {one.session_id: due[one.job_id] for one in overview.sessions() if one.job_id in due}
        about = [(jobs[one.session_id], one.invoice_id) for one in overview.invoices() if one.session_id in jobs]
        return [
            f"{WHO}: {deed.command.replace('_', ' ')} for {job.name}, {deed.reason}"
            for job, invoice_id in about
            if self._ask(overview, invoice_id, deed := DEEDS[str(job.difficulty)], now, day)
        ]

    def _is_time(self, job: PlannedJob, now: datetime) -> bool:
        written_at = self.pays.written.get(job.contact_id)
        return written_at is not None and now >= written_at + self.pays.day * DEEDS[str(job.difficulty)].after_days

    def _ask(self, overview: Overview, invoice_id: str, deed: Deed, now: datetime, day: str) -> bool:
        with self.ledger.read() as uow:
            row = uow.invoices.require(invoice_id)
            waiting = [(one.name, one.arguments.get("number")) for one in uow.commands.waiting()]
        number = str(row.invoice.number)
        answered = any(one.kind.startswith(f"command_{deed.command}_") for one in overview.history(number))
        if answered or (deed.command, number) in waiting or not deed.when(row):
            return False
        submit(self.ledger, deed.command, {"number": number, **deed.arguments(row, day)}, WHO, deed.reason, now)
        return True
