"""From a finalized invoice to its PDF, and from the PDF to the mail that must go out."""

from __future__ import annotations

from collections.abc import Iterator

from billing.domain.effects import EffectKind, EffectState, Intent
from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE
from billing.domain.mail import MailKind
from billing.ports.ledger import Books, InvoiceRow
from billing.ports.outside import RenderJob
from billing.services.house import House
from billing.services.session_records import Progress

RENDER_FAILED = "render_failed"
BATCH = 200  # invoices held in memory at a time
SENT_ELSEWHERE = "sent_elsewhere"  # a mail that a person sent to another address than the client's


def render_invoices(
    house: House, progress: Progress | None = None, at_least: int = 1, broken: set[str] | None = None
) -> int:
    """Render every invoice that can be, keep its bytes, and commit to mailing it; returns how many.

    One that cannot be rendered is shown to a person; the others go on. Fewer than `at_least` are left for the next
    time: who knows that more are coming lets them gather, because only many are rendered by several processes.
    Who calls again and again hands over the same `broken`, so that what cannot be rendered is tried once.
    """
    rendered = 0
    broken = set() if broken is None else broken
    while True:
        with house.ledger.read() as books:
            found = books.invoices.ready_to_render(BATCH + len(broken))
            ready = [row for row in found if row.invoice.invoice_id not in broken]
            links = {row.invoice.invoice_id: books.invoices.pay_link(row.invoice.invoice_id) for row in ready}
        if not ready or len(ready) < at_least:
            return rendered
        urls = [link.url if (link := links[row.invoice.invoice_id]) else None for row in ready]
        jobs = [RenderJob(row.invoice, url) for row, url in zip(ready, urls, strict=True)]
        for row, content in zip(ready, _each(house, jobs), strict=True):
            if isinstance(content, PermanentError):
                _set_aside(house, row, content)
                broken.add(row.invoice.invoice_id)
                continue
            _keep(house, row, content)
            rendered += 1
            if progress:
                progress(rendered, rendered + len(ready))


def _each(house: House, jobs: list[RenderJob]) -> Iterator[bytes | PermanentError]:
    """The bytes of each job, or why it has none: after one that fails the renderer is started on those behind it."""
    done = 0
    while done < len(jobs):
        try:
            for content in house.renderer.render(jobs[done:]):
                done += 1
                yield content
        except PermanentError as error:
            done += 1
            yield error


def _set_aside(house: House, row: InvoiceRow, error: PermanentError) -> None:
    with house.ledger.write() as books:
        books.desk.raise_attention(row.invoice.invoice_id, RENDER_FAILED, error.sentence, house.now())


def mail_intent(
    books: Books, invoice: InvoiceRow, kind: MailKind, subject_id: str, detail: str = "", **facts: str | int
) -> Intent:
    """One mail per (subject, kind, detail). Receipts go to all of the client's addresses, the rest to the first.

    Once a person has sent one to another address, because the client's own bounced, the rest follows it there.
    """
    addresses = invoice.invoice.client.emails
    mended = delivered_to(books, invoice.invoice.invoice_id)
    if mended is not None and mended != addresses[0]:
        addresses = (mended,)
    to = addresses if kind is MailKind.RECEIPT else addresses[:1]
    purpose = f"{kind.value}:{detail}" if detail else kind.value
    parameters: dict[str, str | int | None] = {"to": ",".join(to), "invoice_id": invoice.invoice.invoice_id, **facts}
    return Intent(EffectKind.MAIL, purpose, subject_id, parameters)


def delivered_to(books: Books, invoice_id: str) -> str | None:
    """Where the invoice's own mail was accepted, or a later one that a person sent elsewhere; None while none was."""
    mails = books.effects.of_subject(invoice_id, EffectKind.MAIL)
    taken = [mail for mail in mails if mail.state is EffectState.DONE]
    telling = [mail for mail in taken if mail.purpose == MailKind.INVOICE.value or SENT_ELSEWHERE in mail.parameters]
    return telling[-1].text("to") if telling else None


def _keep(house: House, row: InvoiceRow, content: bytes) -> None:
    invoice_id = row.invoice.invoice_id
    with house.ledger.write() as books:
        books.invoices.add_document(invoice_id, "invoice", content, house.now())
        books.desk.resolve_attention(invoice_id, RENDER_FAILED, PIPELINE, house.now())
        books.effects.intend(mail_intent(books, row, MailKind.INVOICE, invoice_id), house.now())
