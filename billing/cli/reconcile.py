"""`billing reconcile`: the books against Stripe, VSCO Workspace and the galleries, now."""

from __future__ import annotations

import json
from typing import Any

import click

from billing.bootstrap import open_context, pin_account
from billing.cli.asking import user_name
from billing.cli.progress import say
from billing.cli.tables import printable, table
from billing.domain.money import Money
from billing.ports.operations import Difference
from billing.services.context import Context
from billing.services.reconcile import SCOPES, Reconciled, reconcile_all
from billing.services.safety.restore import is_restored, reconcile_restored

_NAMES = {"stripe": "Stripe", "vsco": "VSCO Workspace", "galleries": "galleries"}


@click.command()
@click.option("--scope", type=click.Choice(SCOPES), multiple=True, help="Only this; all three unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; amounts are in minor units.")
@click.option("--actor", default=user_name, help="Who asks; the name at this computer unless given.")
@click.pass_context
def reconcile(context: click.Context, scope: tuple[str, ...], as_json: bool, actor: str) -> None:
    """Compare the books with the outside, book what was missing, and list what differs with what to do.

    Exit code 0 when nothing differs, 1 when something does or the outside does not answer: what was open then stays
    open. Nothing is charged, mailed or opened. After `billing restore`, a comparison of all three lets the work go on.

    \b
    Example:
        billing reconcile
        billing reconcile --scope stripe
    """
    with open_context() as ctx:
        pin_account(ctx)
        done, released = _compare(ctx, scope, actor)
    say("compared", last=True)
    if released:
        click.echo(released, err=as_json)
    click.echo(json.dumps([_json(one) for one in done], indent=2) if as_json else _text(done))
    context.exit(0 if all(one.is_clean for one in done) else 1)


def _compare(ctx: Context, scope: tuple[str, ...], actor: str) -> tuple[list[Reconciled], str | None]:
    """All three of a ledger that was restored lift its hold, whatever differs: what does is for a person by then."""
    if scope or not is_restored(ctx):
        return reconcile_all(ctx, scope or SCOPES, say), None
    done: list[Reconciled] = []
    released = reconcile_restored(ctx, lambda ctx: done.extend(reconcile_all(ctx, SCOPES, say)), actor)
    return done, released


def _text(done: list[Reconciled]) -> str:
    rows = [
        (
            _NAMES[one.reconciliation.scope], f"{one.reconciliation.compared:,}", str(one.mended), str(one.closed),
            str(one.opened), str(len(one.differences)),
        )
        for one in done
    ]  # fmt: skip
    numbers = ("Compared", "Booked", "Gone", "New", "Open")
    parts = [table(("Books against", *numbers), rows, right=numbers)]
    parts += [_difference(difference) for one in done for difference in one.differences]
    if all(one.is_clean for one in done):
        parts.append("The books and the outside agree.")
    return "\n\n".join(parts)


def _difference(one: Difference) -> str:
    amounts = [
        f"{side} {Money(minor, one.currency)}"
        for side, minor in (("books", one.ledger_minor), ("outside", one.outside_minor))
        if minor is not None and one.currency
    ]
    head = "  ".join([one.scope, one.cause, printable(one.subject_id), *amounts])
    return f"{head}\n    {printable(one.sentence)}"


def _json(one: Reconciled) -> dict[str, Any]:
    done = one.reconciliation
    return {
        "scope": done.scope,
        "started_at": done.started_at.isoformat(),
        "finished_at": done.finished_at.isoformat(),
        "compared": done.compared,
        "booked": one.mended,
        "gone": one.closed,
        "new": one.opened,
        "differences": [
            {
                "subject": difference.subject_id,
                "cause": difference.cause,
                "currency": difference.currency,
                "books_minor": difference.ledger_minor,
                "outside_minor": difference.outside_minor,
                "what_to_do": difference.sentence,
            }
            for difference in one.differences
        ],
    }
