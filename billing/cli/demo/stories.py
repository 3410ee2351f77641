"""What became of each session, one row for each of its invoices, in the words of the studio."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from billing.adapters.ledger.overview import EffectRow, InvoiceHead, Overview, SessionHead
from billing.domain.money import Money
from billing.ports.ledger import Ledger
from billing.sandbox.seed.plan import SeedPlan

_VOID = "taken back"
_ACTS = {
    "command_credit_done": "{amount} less",
    "command_void_done": _VOID,
    "command_record_payment_done": "{amount} by {method}",
    "command_refund_done": "{amount} given back",
}
HEADINGS = ("Session", "Client", "Invoice", "Amount", "Collected by", "Paid", "Gallery", "Notes")


@dataclass(frozen=True)
class Facts:
    """What the stories are told from, read once."""

    effects: dict[str, list[EffectRow]]
    balances: dict[str, int]
    granted: frozenset[str]
    attention: dict[str, list[str]]
    acts: dict[str, list[str]]  # what the office asked for, by invoice


def tell_stories(overview: Overview, ledger: Ledger, plan: SeedPlan) -> list[tuple[str, ...]]:
    """One row for each invoice, and one for each session that has none."""
    facts, clients = _facts(overview, ledger), {job.id: plan.client_of(job).name for job in plan.jobs}
    invoices: dict[str, list[InvoiceHead]] = defaultdict(list)
    for invoice in overview.invoices():
        invoices[invoice.session_id].append(invoice)
    rows: list[tuple[str, ...]] = []
    for session in overview.sessions():
        client = clients.get(session.job_id, "")
        made = invoices.get(session.session_id, [])
        rows.extend(_billed(session, client, invoice, facts) for invoice in made)
        if not made:
            why = ", ".join(facts.attention.get(session.session_id, [])) or session.reason or session.state
            rows.append((session.name, client, "", "", "", "", "", why))
    return rows


def _facts(overview: Overview, ledger: Ledger) -> Facts:
    effects: dict[str, list[EffectRow]] = defaultdict(list)
    subjects: dict[str, str] = {}
    outcomes: dict[str, str | None] = {}
    for effect in overview.effects():
        effects[effect.subject_id].append(effect)
        subjects[effect.key], outcomes[effect.key] = effect.subject_id, effect.outcome_code
    subjects |= overview.invoices_of_money()
    attention: dict[str, list[str]] = defaultdict(list)
    for subject, code in overview.attention_codes():
        attention[subjects.get(subject, subject)].append((outcomes.get(subject) or code).replace("_", " "))
    with ledger.read() as uow:
        balances = {row.invoice.invoice_id: row.balance_minor for row in uow.invoices.unpaid()}
    acts = {one.invoice_id: _acts(overview, one) for one in overview.invoices()}
    return Facts(effects, balances, frozenset(overview.granted_invoices()), attention, acts)


def _acts(overview: Overview, invoice: InvoiceHead) -> list[str]:
    done = {event.kind: event.body for event in overview.history(invoice.number)}
    return [
        words.format(amount=Money(int(done[kind].get("amount_minor") or 0), invoice.amount_due.currency), **done[kind])
        for kind, words in _ACTS.items()
        if kind in done
    ]


def _billed(session: SessionHead, client: str, invoice: InvoiceHead, facts: Facts) -> tuple[str, ...]:
    effects = facts.effects.get(invoice.invoice_id, [])
    acts = facts.acts[invoice.invoice_id]
    paid = "no" if invoice.invoice_id in facts.balances else "void" if _VOID in acts else "yes"
    gallery = "open" if invoice.invoice_id in facts.granted else ""
    return (
        session.name,
        client,
        invoice.number,
        str(invoice.amount_due),
        _collected_by(invoice, effects, paid == "yes"),
        paid,
        gallery,
        "; ".join(_notes(effects) + acts + list(dict.fromkeys(facts.attention.get(invoice.invoice_id, [])))),
    )


def _collected_by(invoice: InvoiceHead, effects: list[EffectRow], paid: bool) -> str:
    charges = {one.state for one in effects if one.kind == "charge"}
    if "done" in charges:
        return "card on file"
    if "ready" in charges:
        return "card on file, announced"
    if charges:
        return "card refused, then link" if paid else "card refused, link sent"
    return "link" if invoice.collection == "invoice" else invoice.collection


def _notes(effects: list[EffectRow]) -> list[str]:
    reminders = sum(
        one.kind == "mail" and one.purpose.startswith("reminder") and one.state == "done" for one in effects
    )
    refused = [
        str(one.outcome_code).replace("_", " ") for one in effects if one.kind == "charge" and one.state == "failed"
    ]
    return refused + ([f"{reminders} reminder{'s' if reminders > 1 else ''}"] if reminders else [])
