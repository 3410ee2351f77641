"""`billing refund`, `billing credit`, `billing write-off`: give money back, ask for less, give it up."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from billing.cli.asking import ask, confirm, money_act, reason_option
from billing.cli.days import DAY
from billing.cli.invoice import number_of, the_invoice
from billing.cli.opening import open_office
from billing.domain.money import Money
from billing.domain.typed import check_given_on, read_amount

if TYPE_CHECKING:
    from billing.ports.ledger import InvoiceRow


@click.command()
@click.argument("number")
@click.option("--amount", help="How much, in whole units; all that is left unless given.")
@reason_option("Why; it is kept, and told to Stripe.")
@click.option("--still-owed", is_flag=True, help="The invoice goes on asking for it; else it asks for so much less.")
@click.option("--force", is_flag=True, help="Though a dispute is open: the money may go back twice.")
@click.option("--by-hand", metavar="METHOD", help="Book what you gave back yourself: cash, cheque, bank transfer, …")
@click.option("--on", "given_on", type=DAY, help="With --by-hand: the day on which you gave it; today unless given.")
@money_act
def refund(
    number: str, amount: str | None, reason: str, still_owed: bool, force: bool, by_hand: str | None,
    given_on: date | None, actor: str, wait: int, now: bool, yes: bool,
) -> None:  # fmt: skip
    """Give back money that was paid on the invoice NUMBER through Stripe, the newest payment first.

    With --by-hand no money moves from here: what you gave back yourself is booked, and the client is told.

    \b
    Examples:
        billing refund INV-2026-0042 --reason "the session was cut short" --amount 120.50
        billing refund INV-2026-0042 --reason "charged the wrong card" --still-owed
        billing refund INV-2026-0042 --reason "one print was lost" --amount 80 --by-hand cash
    """
    if given_on and not by_hand:
        raise click.UsageError(
            "--on is the day of what was given back by hand; say how with --by-hand, or leave --on out."
        )
    row = the_invoice(number)
    number = number_of(row)
    if given_on:
        with open_office() as office:
            check_given_on(given_on, office.today())
    minor = _minor(row, amount)
    all_of_it = "all that was paid" if by_hand else "all that was paid through Stripe"
    how_much = Money(minor, row.invoice.currency) if minor else all_of_it
    then = "goes on asking for it" if still_owed else "asks for so much less"
    name = row.invoice.client.name
    act = f"Book that {name} has got back {how_much} ({by_hand})" if by_hand else f"Give back {how_much} to {name}"
    confirm(f"{act}? Invoice {number} {then}.", yes)
    arguments: dict[str, str | int | None] = {
        "number": number, "amount_minor": minor, "still_owed": int(still_owed), "force": int(force),
        "by_hand": by_hand, "given_on": given_on.isoformat() if given_on else None,
    }  # fmt: skip
    ask(
        "refund",
        {name: value or None for name, value in arguments.items()},
        actor=actor,
        reason=reason,
        now=now,
        wait=wait,
    )


@click.command()
@click.argument("number")
@click.option("--amount", help="How much less, in whole units; all that is owed unless given.")
@reason_option("Why; it is kept.")
@money_act
def credit(number: str, amount: str | None, reason: str, actor: str, wait: int, now: bool, yes: bool) -> None:
    """Let the invoice NUMBER ask for less. No money moves; what was sold and its taxes are less by it.

    \b
    Example:
        billing credit INV-2026-0042 --amount 50 --reason "agreed on the phone"
    """
    _lower("credit", number, amount, reason, "Ask for {} less", actor=actor, wait=wait, now=now, yes=yes)


@click.command("write-off")
@click.argument("number")
@click.option("--amount", help="How much, in whole units; all that is owed unless given.")
@reason_option("Why; it is kept.")
@money_act
def write_off(number: str, amount: str | None, reason: str, actor: str, wait: int, now: bool, yes: bool) -> None:
    """Give up what is owed on the invoice NUMBER: a loss, and what was sold stays what it is.

    \b
    Example:
        billing write-off INV-2026-0042 --reason "the company is gone"
    """
    _lower("write_off", number, amount, reason, "Write off {}", actor=actor, wait=wait, now=now, yes=yes)


def _lower(
    command: str, number: str, amount: str | None, reason: str, question: str,
    *, actor: str, wait: int, now: bool, yes: bool,
) -> None:  # fmt: skip
    row = the_invoice(number)
    number = number_of(row)
    minor = _minor(row, amount)
    how_much = Money(minor or max(0, row.balance_minor), row.invoice.currency)
    confirm(
        f"{question.format(how_much)} of {number} to {row.invoice.client.name}, of which {row.balance} is open?", yes
    )
    ask(command, {"number": number, "amount_minor": minor}, actor=actor, reason=reason, now=now, wait=wait)


def _minor(row: InvoiceRow, amount: str | None) -> int | None:
    return None if amount is None else read_amount(amount, row.invoice.currency).minor
