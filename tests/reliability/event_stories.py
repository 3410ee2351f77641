"""What happens to the money of one invoice at the provider, told by events that nobody has applied yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from digest import Facts
from studio import Studio

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.money import Money
from billing.domain.settlements import DisputeStatus


@dataclass(frozen=True)
class Story:
    """`same` is what must be the same in every order: all facts, unless it says otherwise."""

    happen: Callable[[Studio], object]
    same: Callable[[Facts], Facts] = lambda facts: facts


def told_by_nobody(url: str, story: Story) -> Studio:
    """Billed and mailed, with a page to pay on; then all of the story happens, and the ledger knows nothing of it."""
    studio = Studio.around(SqlLedger(url))
    studio.gateway.fee = _eur(30)
    studio.with_gallery()
    studio.round()
    story.happen(studio)
    return studio


def balances(facts: Facts) -> Facts:
    """Several payments of one invoice are allocated as they come in: what must agree is what all of it comes to."""
    accounts: Counter[tuple[str, str, str]] = Counter()
    for *_, account, detail, currency, minor in facts["postings"]:
        accounts[account, detail, currency] += minor
    alike = ("invoices", "voids", "payments", "refunds", "disputes", "payouts", "payout_movements", "provider_events")
    sums = {
        "postings": sorted([*account, minor] for account, minor in accounts.items() if minor),
        "movements": [row[:4] for row in facts["movements"]],
    }
    return {name: sums.get(name, rows if name in alike else []) for name, rows in facts.items()}


def _eur(minor: int) -> Money:
    return Money(minor, "EUR")


def _refunded_and_disputed(studio: Studio) -> None:
    gateway = studio.gateway
    studio.pay_on_page()
    gateway.refund_elsewhere("pi_1", _eur(7_000))
    gateway.dispute("pi_1")
    gateway.tell("charge.dispute.funds_withdrawn", "dp_1", "pi_1")
    gateway.end_dispute("dp_1", DisputeStatus.LOST)
    gateway.pay_out()


def _refund_returned(studio: Studio) -> None:
    gateway = studio.gateway
    studio.pay_on_page()
    gateway.refund_elsewhere("pi_1", _eur(20_000))
    gateway.refund_elsewhere("pi_1", _eur(5_000))
    gateway.fail_refund("re_2")
    gateway.dispute("pi_1", _eur(25_000))
    gateway.end_dispute("dp_1", DisputeStatus.WON)


def _overpaid_and_asked_about(studio: Studio) -> None:
    gateway = studio.gateway
    studio.pay_on_page(minor=60_000)
    gateway.refund_elsewhere("pi_1", _eur(10_000))
    gateway.dispute("pi_1", _eur(50_000), inquiry=True)
    gateway.escalate("dp_1")
    gateway.end_dispute("dp_1", DisputeStatus.LOST)
    gateway.pay_out()
    gateway.fail_payout("po_1")


def _after_a_void(studio: Studio) -> None:
    gateway, invoice = studio.gateway, studio.invoice().invoice
    studio.ask("void", number=str(invoice.number))
    gateway.receive(invoice.invoice_id, _eur(50_000))
    gateway.refund_elsewhere("pi_1", _eur(30_000))
    gateway.tell("refund.created", "re_1", "pi_1")
    gateway.refund_elsewhere("pi_1", _eur(20_000))
    gateway.pay_out()


def _two_payments(studio: Studio) -> None:
    gateway, invoice_id = studio.gateway, studio.invoice().invoice.invoice_id
    for minor in (20_000, 40_000):
        gateway.receive(invoice_id, _eur(minor))
        studio.clock.go(minutes=1)
    gateway.refund_elsewhere("pi_1", _eur(5_000))
    gateway.refund_elsewhere("pi_2", _eur(10_000))
    gateway.dispute("pi_2", _eur(30_000))
    gateway.end_dispute("dp_1", DisputeStatus.LOST)


STORIES = {
    "a partial refund, then a dispute of all, lost": Story(_refunded_and_disputed),
    "two refunds, one returned; a dispute won": Story(_refund_returned),
    "overpaid, refunded, an inquiry that becomes a dispute; a payout that fails": Story(_overpaid_and_asked_about),
    "money for a void invoice, refunded in two parts": Story(_after_a_void),
    "two payments, both refunded in part, one disputed and lost": Story(_two_payments, balances),
}
