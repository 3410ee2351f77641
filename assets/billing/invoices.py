"""Invoices: priced, numbered, posted, with their pay link and their PDF."""

from collections import Counter

import dagster as dg

from assets.billing.decisions import decisions
from assets.chapters import BILLING, OWNERS
from assets.effects_done import Done, do_effects
from assets.intake.sessions import session_records
from assets.ledger_checks import ledger_checks
from assets.money_checks import INVOICE_CHECKS
from assets.reports import Metadata, Result, effects_told, find_tag, logged, money, table, told
from billing.domain.effects import EffectKind
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.services.in_step import in_step
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.invoicing.issue_invoices import Billed, bill_due_sessions
from pipelines.resources import BillingResource

GATHER = 24  # invoices that are rendered together while more are on their way


@dg.asset(group_name=BILLING, owners=OWNERS, kinds={"ledger", "stripe", "pdf"}, deps=[session_records, decisions])
def invoices(context: dg.AssetExecutionContext, billing: BillingResource) -> Result:
    """One invoice for each order of a completed session: checked to the cent, numbered without gaps, frozen, as a PDF.

    In review mode they are drafts that wait for approval. A session that cannot be billed is set aside with a
    sentence that says what to do; the others go on.
    """
    with billing.opened() as ctx:
        links, rendered, broken = Done(), Counter[str](), set[str]()

        def make_links(_is_over: bool) -> int:
            made = do_effects(billing, ctx, EffectKind.PAY_LINK)
            links.ended += made.ended
            return len(made.ended)

        def render(is_over: bool) -> int:
            made = render_invoices(ctx, at_least=1 if is_over else GATHER, broken=broken)
            rendered["PDFs"] += made
            return made

        # What one of them cannot do is raised at the end: what was billed before has got its link and its PDF then.
        say = logged(context, "sessions billed")
        billed = in_step(lambda: bill_due_sessions(ctx, progress=say), make_links, render)
        _tag(context, billed.finalized)
        return told(ctx, _report(billed, links, rendered["PDFs"]) | {"Stripe": billing.stripe_trouble})


def _tag(context: dg.AssetExecutionContext, finalized: list[Invoice]) -> None:
    """So that the run is found by the number that a client asks about."""
    numbers = [str(invoice.number) for invoice in finalized]
    if numbers:
        context.instance.add_run_tags(context.run.run_id, {"studio/invoice": find_tag(numbers)})
        context.log.info(f"Finalized {', '.join(numbers)}")


def _report(billed: Billed, links: Done, rendered: int) -> Metadata:
    finalized = billed.finalized
    return {
        "Invoices finalized": len(finalized),
        "Amount due": money(_due(invoice) for invoice in finalized),
        "Drafts to approve": len(billed.drafted),
        "Sessions set aside": billed.set_aside,
        "Waiting for tomorrow's limit": billed.over_limit,
        "PDFs made": rendered,
        **effects_told(links.ended, "Pay links"),
        "Invoices": table(
            ("Number", "Job", "Total", "Due now", "Due on", "By"),
            [
                (invoice.number or "draft", invoice.session.job_id, Money(invoice.total_minor, invoice.currency),
                 _due(invoice), invoice.due_on, invoice.collection.value)
                for invoice in [*finalized, *billed.drafted]
            ],
        ),
    }  # fmt: skip


def _due(invoice: Invoice) -> Money:
    return Money(invoice.amount_due_minor, invoice.currency)


# The charges' own conditions stand here too: they are to hold before money moves, not after.
invoices_hold = ledger_checks(
    invoices,
    blocking=INVOICE_CHECKS,
    advisory=("invoice_numbers_have_no_gaps", "journal_transactions_are_chained"),
)
