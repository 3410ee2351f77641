"""From a finalized invoice to its PDF, and from the PDF to the mail that must go out."""

from __future__ import annotations

from billing.domain.effects import EffectKind, Intent
from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE
from billing.domain.mail import MailKind
from billing.ports.ledger import InvoiceRow
from billing.ports.outside import RENDER_TOO_LONG, RenderJob
from billing.services.context import Context
from billing.services.intake.session_records import Progress

RENDER_FAILED = "render_failed"
BATCH = 200  # invoices held in memory at a time


def render_invoices(
    ctx: Context, progress: Progress | None = None, at_least: int = 1, broken: set[str] | None = None
) -> int:
    """Render every invoice that can be, keep its bytes, and commit to mailing it; returns how many.

    One that cannot be rendered is shown to a person; the others go on. Fewer than `at_least` are left for the next
    time: who knows that more are coming lets them gather, because only many are rendered by several processes.
    Who calls again and again hands over the same `broken`, so that what cannot be rendered is tried once.
    """
    rendered = 0
    broken = set() if broken is None else broken
    while True:
        with ctx.ledger.read() as uow:
            found = uow.invoices.ready_to_render(BATCH + len(broken))
            ready = [row for row in found if row.invoice.invoice_id not in broken]
            links = {row.invoice.invoice_id: uow.pay_links.newest_open(row.invoice.invoice_id) for row in ready}
        if not ready or len(ready) < at_least:
            return rendered
        rows = {row.invoice.invoice_id: row for row in ready}
        urls = {invoice_id: link.url if link else None for invoice_id, link in links.items()}
        jobs = [RenderJob(row.invoice, urls[invoice_id]) for invoice_id, row in rows.items()]
        for done in ctx.renderer.render(jobs):
            row = rows[done.job.invoice.invoice_id]
            if isinstance(done.outcome, PermanentError):
                _set_aside(ctx, row, done.outcome)
                broken.add(row.invoice.invoice_id)
                continue
            _keep(ctx, row, done.outcome)
            rendered += 1
            if progress:
                progress(rendered, rendered + len(ready))


def _set_aside(ctx: Context, row: InvoiceRow, error: PermanentError) -> None:
    """What failed is tried again with the next work; what took too long would hold that up, and waits for a person."""
    invoice_id, code, sentence = row.invoice.invoice_id, RENDER_FAILED, error.sentence
    if error.code == RENDER_TOO_LONG:
        code = RENDER_TOO_LONG
        sentence += (
            " One of its texts must be far too long; `billing void` it, shorten that and bill it by another order."
            f" To try once more, close this: `billing resolve {invoice_id} --code {code}`."
        )
    with ctx.ledger.write() as uow:
        uow.tasks.raise_task(invoice_id, code, sentence, ctx.now())


def mail_intent(invoice: InvoiceRow, kind: MailKind, subject_id: str, detail: str = "", **facts: str | int) -> Intent:
    """One mail per (subject, kind, detail). Where it goes and what it says is looked up as it is sent."""
    purpose = f"{kind.value}:{detail}" if detail else kind.value
    parameters: dict[str, str | int | None] = {"invoice_id": invoice.invoice.invoice_id, **facts}
    return Intent(EffectKind.MAIL, purpose, subject_id, parameters)


def _keep(ctx: Context, row: InvoiceRow, content: bytes) -> None:
    invoice_id = row.invoice.invoice_id
    with ctx.ledger.write() as uow:
        uow.documents.add(invoice_id, "invoice", content, ctx.now())
        for code in (RENDER_FAILED, RENDER_TOO_LONG):
            uow.tasks.resolve(invoice_id, code, PIPELINE, ctx.now())
        uow.effects.intend(mail_intent(row, MailKind.INVOICE, invoice_id), ctx.now())
