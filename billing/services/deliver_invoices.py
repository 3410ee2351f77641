"""From a finalized invoice to its PDF, and from the PDF to the mail that must go out."""

from __future__ import annotations

from billing.domain.effects import EffectKind, Intent
from billing.domain.mail import MailKind
from billing.ports.ledger import InvoiceRow
from billing.ports.outside import RenderJob
from billing.services.house import House
from billing.services.issue_invoices import Progress

BATCH = 200  # invoices held in memory at a time


def render_invoices(house: House, progress: Progress | None = None) -> int:
    """Render every invoice that can be, keep its bytes, and commit to mailing it; returns how many."""
    rendered = 0
    while True:
        with house.ledger.read() as books:
            ready = books.invoices.ready_to_render(BATCH)
            links = {row.invoice.invoice_id: books.invoices.pay_link(row.invoice.invoice_id) for row in ready}
        if not ready:
            return rendered
        urls = [link.url if (link := links[row.invoice.invoice_id]) else None for row in ready]
        jobs = [RenderJob(row.invoice, url) for row, url in zip(ready, urls, strict=True)]
        for row, content in zip(ready, house.renderer.render(jobs), strict=True):
            _keep(house, row, content)
            rendered += 1
            if progress:
                progress(rendered, rendered + len(ready))


def mail_intent(invoice: InvoiceRow, kind: MailKind, subject_id: str, detail: str = "", **facts: str | int) -> Intent:
    """One mail per (subject, kind, detail). Receipts go to all of the client's addresses, the rest to the first."""
    addresses = invoice.invoice.client.emails
    to = addresses if kind is MailKind.RECEIPT else addresses[:1]
    purpose = f"{kind.value}:{detail}" if detail else kind.value
    parameters: dict[str, str | int | None] = {"to": ",".join(to), "invoice_id": invoice.invoice.invoice_id, **facts}
    return Intent(EffectKind.MAIL, purpose, subject_id, parameters)


def _keep(house: House, row: InvoiceRow, content: bytes) -> None:
    invoice_id = row.invoice.invoice_id
    with house.ledger.write() as books:
        books.invoices.add_document(invoice_id, "invoice", content, house.now())
        books.effects.intend(mail_intent(row, MailKind.INVOICE, invoice_id), house.now())
