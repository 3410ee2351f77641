"""`billing invoice`: look at one, as a table, a PDF or the mail; what happened to it; void it, or stop its charge."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from billing.bootstrap import open_context
from billing.cli.asking import ask, confirm, money_act, reason_option
from billing.cli.history import history_json, history_text
from billing.cli.lines import invoice_json, invoice_text
from billing.cli.opening import open_office
from billing.domain.errors import PermanentError

if TYPE_CHECKING:
    from billing.domain.invoices import Invoice
    from billing.domain.mail import InvoiceMail
    from billing.ports.ledger import InvoiceRow, UnitOfWork
    from billing.services.context import Context


@click.group()
def invoice() -> None:
    """Look at an invoice and what happened to it, void it, or stop the charge of its client's card.

    \b
    Example:
        billing invoice show INV-2026-0042 --pdf invoice.pdf
    """


@invoice.command()
@click.argument("number")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write the PDF to this file.")
@click.option("--mail", is_flag=True, help="Show the mail's text. A draft's mail has no pay link yet.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; amounts are in minor units.")
@click.option("--as-billed", is_flag=True, help="Print the raw records that it was billed from, as JSON lines.")
def show(number: str, pdf: Path | None, mail: bool, as_json: bool, as_billed: bool) -> None:
    """Show an invoice by its NUMBER, or a draft by its id: lines, taxes, deductions, and what is open.

    \b
    Examples:
        billing invoice show INV-2026-0042 --pdf invoice.pdf
        billing invoice show INV-2026-0042 --as-billed
    """
    if as_billed:
        _show_records(number)
        return
    if pdf is not None or mail:
        _write_out(number, pdf, mail)
    if mail:
        return
    from billing.services.collections.autopay import day_of_charge

    with open_office() as office, office.ledger.read() as uow:
        found, row = _find(uow, number)
        charge_on = day_of_charge(office.settings.policy, office.today(), uow, row) if row else None
    click.echo(json.dumps(_json(found, row), indent=2) if as_json else _text(found, row, office.today(), charge_on))


@invoice.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; amounts are in minor units, times in UTC.")
def history(number: str, as_json: bool) -> None:
    """Show what happened to the invoice NUMBER: issued, mailed, reminded, paid, refunded, by whom and why.

    \b
    Example:
        billing invoice history INV-2026-0042
    """
    row = the_invoice(number)
    with open_office() as office:
        events = office.overview.history(number_of(row))
        zone = ZoneInfo(office.settings.time_zone)
    if as_json:
        click.echo(json.dumps(history_json(events), indent=2))
    else:
        click.echo(history_text(events, row.invoice.currency, zone))


@invoice.command()
@click.argument("number")
@reason_option("Why; it is kept.")
@money_act
def void(number: str, reason: str, actor: str, wait: int, now: bool, yes: bool) -> None:
    """Void the invoice NUMBER: nothing is owed for it any more, and its pay link is closed.

    \b
    Example:
        billing invoice void INV-2026-0042 --reason "billed to the wrong client"
    """
    row = the_invoice(number)
    number = number_of(row)
    confirm(f"Void {number} to {row.invoice.client.name}, of which {row.balance} is open?", yes)
    ask("void", {"number": number}, actor=actor, reason=reason, now=now, wait=wait)


@invoice.command("stop-autopay")
@click.argument("number")
@reason_option("What the client said; it is kept.")
@money_act
def stop_autopay(number: str, reason: str, actor: str, wait: int, now: bool, yes: bool) -> None:
    """Do not charge the client's card for the invoice NUMBER: they objected. They get a page to pay on by mail.

    \b
    Example:
        billing invoice stop-autopay INV-2026-0042 --reason "they would rather transfer it"
    """
    row = the_invoice(number)
    number = number_of(row)
    confirm(f"Do not charge the card of {row.invoice.client.name} with {row.balance} for {number}?", yes)
    ask("stop_autopay", {"number": number}, actor=actor, reason=reason, now=now, wait=wait)


def _write_out(number: str, pdf: Path | None, mail: bool) -> None:
    """What the client gets: the PDF into its file, the mail's text on the terminal."""
    with open_context() as ctx:
        with ctx.ledger.read() as uow:
            found, row = _find(uow, number)
            link = uow.pay_links.newest_open(found.invoice_id)
        url = link.url if link else None
        if pdf is not None:
            pdf.write_bytes(_pdf(ctx, found, url))
            click.echo(f"wrote {pdf}", err=True)
        if mail:
            letter = ctx.writer.write(_mail(ctx, found, row))
            click.echo(f"Subject: {letter.subject}\n\n{letter.text}")


def the_invoice(number: str) -> InvoiceRow:
    """The finalized invoice of this number; PermanentError if there is none."""
    with open_office() as office, office.ledger.read() as uow:
        row = uow.invoices.by_number(number)
    if row is None:
        raise PermanentError("no_such_invoice", f"There is no invoice {number}.")
    return row


def number_of(row: InvoiceRow) -> str:
    """As it stands on paper, however it was typed."""
    return str(row.invoice.number)


def _find(uow: UnitOfWork, number: str) -> tuple[Invoice, InvoiceRow | None]:
    row = uow.invoices.by_number(number) or uow.invoices.get(number.strip())
    if row is not None:
        return row.invoice, row
    draft = uow.drafts.get(number.strip())
    if draft is None:
        raise PermanentError(
            "no_such_invoice", f"There is no invoice or draft {number}; `billing approve` lists drafts."
        )
    return draft.invoice, None


def _show_records(number: str) -> None:
    """What the booking system had said by the moment of billing, whatever it says now; first what is shared by jobs."""
    from billing.services.intake.observe_sessions import SHARED_KINDS

    with open_office() as office, office.ledger.read() as uow:
        row = uow.invoices.by_number(number)
        billed = office.overview.billed_from(number_of(row)) if row else None
        if billed is None:
            raise PermanentError("no_such_invoice", f"There is no invoice {number}; a draft is not billed yet.")
        shared = uow.records.of_kinds(billed.source, SHARED_KINDS, billed.record_horizon)
        records = shared + uow.records.of_job(billed.source, billed.job_id, billed.record_horizon)
    for record in records:
        known = {"kind": record.kind, "source_id": record.source_id, "body": record.body}
        click.echo(json.dumps(known | {"modified_at": record.modified_at and record.modified_at.isoformat()}))


def _pdf(ctx: Context, found: Invoice, url: str | None) -> bytes:
    """The bytes that were sent, where there are any; a draft is marked as one."""
    from billing.ports.outside import RenderJob

    if found.number is not None:
        with ctx.ledger.read() as uow:
            sent = uow.documents.content(found.invoice_id, "invoice")
        if sent is not None:
            return sent
    watermark = "DRAFT" if found.number is None else None
    [rendered] = ctx.renderer.render([RenderJob(found, url, watermark)])
    if isinstance(rendered.outcome, PermanentError):
        raise rendered.outcome
    return rendered.outcome


def _mail(ctx: Context, found: Invoice, row: InvoiceRow | None) -> InvoiceMail:
    """As it would go out now."""
    from billing.domain.mail import InvoiceMail
    from billing.services.collections.owed import owed_on_draft
    from billing.services.effects.mail_contents import invoice_mail

    if row is None:
        return InvoiceMail(found, owed_on_draft(found, ctx.today()))
    with ctx.ledger.read() as uow:
        return invoice_mail(ctx, uow, row)


def _json(found: Invoice, row: InvoiceRow | None) -> dict[str, Any]:
    balance = row.balance_minor if row else None
    return invoice_json(found) | {"balance_minor": balance, "is_void": bool(row and row.is_void)}


def _text(found: Invoice, row: InvoiceRow | None, today: date, charge_on: date | None) -> str:
    if row is None:
        state = "draft; nobody has seen it yet"
    elif row.is_void:
        state = "void"
    elif row.balance_minor <= 0:
        state = "paid"
    elif charge_on:
        state = f"{row.balance} open, to be charged on {charge_on}"
    else:
        late = (today - found.due_on).days
        state = f"{row.balance} open" + (f", {late} days past due" if late > 0 else f", due {found.due_on}")
    return f"{invoice_text(found)}\n\n{state}"
