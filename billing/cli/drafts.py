"""`billing approve` and `billing discard`: what waits for a person before it goes out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from billing.cli.asking import ask, confirm, human_act, money_act, reason_option
from billing.cli.opening import open_office
from billing.cli.tables import printable, table
from billing.domain.errors import PermanentError
from billing.domain.money import Money
from billing.services.safety.limits import MOST, limit_today

if TYPE_CHECKING:
    from billing.ports.ledger import DraftRow


@click.command()
@click.argument("draft", required=False)
@click.option(
    "--over-limit", type=click.Choice(["invoices", "mails", "charges"]), help="Let today's work go on beyond its limit."
)
@click.option("--to", "to", type=click.IntRange(1, MOST), help="The limit for today; without it, twice what it is now.")
@click.option("--reason", default="looked at and approved", show_default=True, help="Why; it is kept.")
@money_act
def approve(
    draft: str | None, over_limit: str | None, to: int | None, reason: str, actor: str, wait: int, now: bool, yes: bool
) -> None:
    """Approve one draft invoice, or all; they get their number and go out. Without a draft: list what waits.

    \b
    Examples:
        billing approve
        billing approve all
        billing approve inv_0a1b2c3d
        billing approve --over-limit mails --to 2000
    """
    if over_limit:
        most = to or 2 * _limit_today(over_limit)
        confirm(f"Let today's {over_limit} go up to {most}?", yes)
        ask("raise_limit", {"what": over_limit, "to": most}, actor=actor, reason=reason, now=now, wait=wait)
        return
    if draft is None:
        waiting = _waiting()
        click.echo(_list(waiting))
        _say_what_to_know(waiting)
        return
    from billing.services.invoicing.approve_drafts import seen_as, seen_text

    chosen = _chosen(draft.strip())
    _say_what_to_know(chosen)
    confirm(f"Approve {len(chosen)} invoice{'s' if len(chosen) > 1 else ''} of {_total(chosen)} in total?", yes)
    seen = {row.invoice.invoice_id: seen_as(row.invoice) for row in chosen}
    ask("approve", {"drafts": seen_text(seen)}, actor=actor, reason=reason, now=now, wait=wait)


@click.command()
@click.argument("draft")
@reason_option("Why; it is kept.")
@human_act
def discard(draft: str, reason: str, actor: str, wait: int, now: bool) -> None:
    """Discard a draft invoice; its order is not billed.

    \b
    Example:
        billing discard inv_0a1b2c3d --reason "a present to a friend"
    """
    _chosen(draft.strip())
    ask("discard", {"invoice_id": draft.strip()}, actor=actor, reason=reason, now=now, wait=wait)


def _waiting() -> list[DraftRow]:
    with open_office() as office, office.ledger.read() as uow:
        return uow.drafts.in_state("waiting")


def _chosen(draft: str) -> list[DraftRow]:
    """The one that waits under this id, or "all"; PermanentError for none."""
    chosen = [row for row in _waiting() if draft in ("all", row.invoice.invoice_id)]
    if not chosen:
        nothing = "No draft waits" if draft == "all" else f"No draft {draft} waits"
        raise PermanentError("no_such_draft", f"{nothing} for approval; `billing approve` lists them.")
    return chosen


def _say_what_to_know(drafts: list[DraftRow]) -> None:
    from billing.services.invoicing.approve_drafts import to_know_of

    with open_office() as office, office.ledger.read() as uow:
        for sentence in to_know_of(uow, drafts):
            click.echo(f"\n{printable(sentence)}")


def _limit_today(what: str) -> int:
    with open_office() as office, office.ledger.read() as uow:
        return limit_today(office.settings.policy, uow, what, office.clock.now())


def _list(waiting: list[DraftRow]) -> str:
    if not waiting:
        return "No draft waits for approval."
    rows = [
        (row.invoice.invoice_id, row.invoice.client.name, row.invoice.session.name, str(row.invoice.amount_due))
        for row in waiting
    ]
    return table(("Draft", "Client", "Session", "Amount"), rows, right=("Amount",))


def _total(chosen: list[DraftRow]) -> str:
    sums: Counter[str] = Counter()
    for row in chosen:
        sums[row.invoice.currency] += row.invoice.amount_due_minor
    return ", ".join(str(Money(minor, currency)) for currency, minor in sorted(sums.items()))
