"""`billing bill`: what would be billed, or bill it now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import click

from billing.bootstrap import open_context, refuse_another_account
from billing.cli.asking import confirm
from billing.cli.days import DAY
from billing.cli.lines import invoice_json, invoice_text
from billing.cli.preview import Looked, preview_job, preview_period
from billing.cli.progress import say
from billing.cli.tables import printable
from billing.domain.errors import BillingError, PermanentError, TemporaryError
from billing.domain.money import Money
from billing.ports.ledger import SessionRow
from billing.services.context import Context
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs, session_id_of, shared_records
from billing.services.invoicing.draft_invoices import draft_session
from billing.services.invoicing.issue_invoices import (
    Billed,
    bill_due_sessions,
    bill_session,
    invoices_left_today,
    may_bill,
)
from billing.settings import load_settings

_USUAL_PERIOD = timedelta(days=30)


@click.command()
@click.argument("job_id", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be billed; nothing is written.")
@click.option("--from", "first", type=DAY, help="With --dry-run: sessions completed on this day or later.")
@click.option("--to", "last", type=DAY, help="With --dry-run: sessions completed up to this day.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print JSON; amounts are in minor units.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def bill(job_id: str | None, dry_run: bool, first: date | None, last: date | None, as_json: bool, yes: bool) -> None:
    """Bill the session of one job, or all that are due, now. With --dry-run: show what would be done.

    \b
    Examples:
        billing bill 01hv2k --dry-run
        billing bill --dry-run --from 2026-03-01 --to 2026-03-31
        billing bill 01hv2k
    """
    if not dry_run and (first or last or as_json):
        raise click.UsageError("--from, --to and --json go with --dry-run.")
    with open_context(load_settings()) as ctx:
        if not dry_run:
            refuse_another_account(ctx)
            _bill_now(ctx, job_id, yes)
            return
        period = (first or (last or ctx.today()) - _USUAL_PERIOD, last or ctx.today())
        found = [preview_job(ctx, job_id)] if job_id else list(preview_period(ctx, period))
        starts_on = ctx.policy.billing_starts_on
    if as_json:
        click.echo(json.dumps([_json(looked) for looked in found], indent=2))
        return
    _show(found)
    if starts_on is None:
        click.echo("BILLING_BILLING_STARTS_ON is not set; nothing is billed until it is.")


def _show(found: Sequence[Looked]) -> None:
    for looked in found:
        name = printable(looked.session.name)
        for invoice in looked.invoices:
            click.echo(f"{invoice_text(invoice)}\n")
            if why := looked.waits_for_a_person(invoice):
                click.echo(f"{name}: it waits as a draft for a person ({printable(why)}).\n")
        for problem in looked.problems:
            click.echo(f"{name}: {printable(problem.sentence)} ({problem.code})\n")
        if not looked.invoices and not looked.problems:
            click.echo(f"{name}: {printable(looked.not_billed or 'everything is billed already')}.\n")
    invoices = [invoice for looked in found for invoice in looked.invoices]
    sums: dict[str, int] = {}
    for invoice in invoices:
        sums[invoice.currency] = sums.get(invoice.currency, 0) + invoice.amount_due_minor
    total = ", ".join(str(Money(minor, currency)) for currency, minor in sorted(sums.items())) or "nothing"
    aside = sum(bool(looked.problems) for looked in found)
    click.echo(f"{len(found)} sessions: {len(invoices)} invoices, {total} due; {aside} would need attention.")
    click.echo("Nothing was written.")


def _json(looked: Looked) -> dict[str, Any]:
    return {
        "job_id": looked.session.job_id,
        "name": looked.session.name,
        "not_billed": looked.not_billed,
        "invoices": [
            invoice_json(invoice) | {"waits_for_a_person": looked.waits_for_a_person(invoice)}
            for invoice in looked.invoices
        ],
        "problems": [{"code": one.code, "sentence": one.sentence} for one in looked.problems],
    }


def _bill_now(ctx: Context, job_id: str | None, yes: bool) -> None:
    """Decide and commit; the pipeline then sends, charges and opens galleries, as for any other session."""
    if not may_bill(ctx):
        raise PermanentError("billing_starts_on_missing", "Set BILLING_BILLING_STARTS_ON first; nothing was billed.")
    billed = _bill_job(ctx, job_id, yes) if job_id else _bill_all(ctx, yes)
    for invoice in billed.finalized:
        click.echo(f"{invoice.number}  {printable(invoice.client.name)}  {invoice.amount_due}")
    for invoice in billed.drafted:
        click.echo(f"draft {invoice.invoice_id}  {printable(invoice.client.name)}  {invoice.amount_due}")
    if billed.drafted:
        click.echo("Drafts wait for `billing approve`.")
    if billed.set_aside or billed.over_limit:
        click.echo(f"{billed.set_aside + billed.over_limit} need a person; see `billing needs-attention`.")


def _bill_all(ctx: Context, yes: bool) -> Billed:
    """What is due is what the booking system says now; where it does not answer, what the ledger knows to be due."""
    not_read = _why_not_read(ctx)
    with ctx.ledger.read() as uow:
        due = len(uow.sessions.in_state("due"))
    if not_read and not due:
        raise PermanentError("not_reached", f"Nobody knows whether a session is due: {not_read}")
    if not_read:
        click.echo(f"{not_read} What was read before is billed.", err=True)
    if not due:
        click.echo("No session is due; the booking system was read just now.")
        return Billed()
    confirm(f"Bill {due} session{'s' if due > 1 else ''} that {'are' if due > 1 else 'is'} due?", yes)
    return bill_due_sessions(ctx, progress=lambda done, of: say(f"billing {done} of {of}", last=done == of))


def _why_not_read(ctx: Context) -> str | None:
    """Read what was completed, as the pipeline does; what kept us from it, if anything did."""
    try:
        observe_jobs(ctx)
        fetch_session_records(ctx)
    except TemporaryError as error:
        return error.sentence
    return None


def _bill_job(ctx: Context, job_id: str, yes: bool) -> Billed:
    session = _billable(ctx, job_id)
    _refresh(ctx, session)
    drafted = draft_session(ctx, session, shared_records(ctx))
    for invoice in drafted.invoices:
        click.echo(f"{invoice_text(invoice)}\n")
        if why := drafted.for_a_person.get(invoice.invoice_id):
            click.echo(f"It waits as a draft ({printable(why)}).\n")
    if not drafted.invoices:
        raise (
            drafted.set_aside[0]
            if drafted.set_aside
            else PermanentError("billed", f"{session.name} is billed already.")
        )
    if invoices_left_today(ctx) < len(drafted.invoices):
        raise PermanentError("limit_invoices", "The daily limit is reached; `billing approve --over-limit invoices`.")
    confirm(f"Bill {session.name} now?", yes)
    _take_up(ctx, session)
    billed = Billed()
    bill_session(ctx, session, drafted, billed)
    if not billed.finalized and not billed.drafted:
        raise PermanentError(
            "not_billed", f"{session.name} was billed by another worker just now; see `billing status`."
        )
    return billed


def _take_up(ctx: Context, session: SessionRow) -> None:
    """A session that was set aside, and is mended by what was read now, is due like any other."""
    with ctx.ledger.write() as uow:
        current = uow.sessions.get(session.session_id)
        if current is not None and current.state == "attention":
            uow.sessions.settle(session.session_id, "due", None, ctx.now())


def _billable(ctx: Context, job_id: str) -> SessionRow:
    session = _session(ctx, job_id)
    not_read = _why_not_read(ctx) if session is None else None
    session = session or _session(ctx, job_id)
    if session is None:
        why = not_read or "Is it in fulfillment?"
        raise PermanentError("no_such_session", f"No completed session of job {job_id} was seen. {why}")
    if session.state not in ("due", "attention"):
        raise PermanentError("not_due", f"{session.name} is not due: its state is {session.state}.")
    return session


def _session(ctx: Context, job_id: str) -> SessionRow | None:
    with ctx.ledger.read() as uow:
        return uow.sessions.get(session_id_of(ctx.source.name, job_id))


def _refresh(ctx: Context, session: SessionRow) -> None:
    """What the booking system says of it now; kept, as every version is."""
    try:
        reading = ctx.source.related_records(session.job_id)
    except BillingError as error:
        raise PermanentError(error.code, f"{error.sentence} Nothing was billed.") from error
    with ctx.ledger.write() as uow:
        uow.records.keep_all(session.source, session.job_id, reading.records, ctx.now(), reading.refused)
        uow.sessions.records_fetched(session.session_id, ctx.now())
