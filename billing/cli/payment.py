"""`billing payment`: money that arrived elsewhere."""

from __future__ import annotations

from datetime import date

import click

from billing.cli.asking import ask, confirm, money_act
from billing.cli.days import DAY
from billing.cli.invoice import number_of, the_invoice
from billing.cli.opening import open_office
from billing.domain.typed import check_received_on, read_amount


@click.group()
def payment() -> None:
    """Record money that did not come through Stripe.

    \b
    Example:
        billing payment record INV-2026-0042 120.50 --on 2026-03-31 --method cheque --reference 1077
    """


@payment.command()
@click.argument("number")
@click.argument("amount")
@click.option("--on", "received_on", type=DAY, required=True, help="The day on which it arrived.")
@click.option("--method", required=True, help="How: cheque, cash, bank transfer, …")
@click.option("--reference", required=True, help="The cheque's number or the bank's reference; one payment each.")
@click.option("--reason", default="received by the office", show_default=True, help="Why; it is kept.")
@money_act
def record(
    number: str, amount: str, received_on: date, method: str, reference: str, reason: str,
    actor: str, wait: int, now: bool, yes: bool,
) -> None:  # fmt: skip
    """Record AMOUNT (whole units, exact) for the invoice NUMBER. The same reference is recorded once.

    Decimals follow a point or a comma; an amount that can be read in two ways, such as 1.500, is refused.

    \b
    Example:
        billing payment record INV-2026-0042 120.50 --on 2026-03-31 --method cheque --reference 1077
    """
    row = the_invoice(number)
    number = number_of(row)
    paid = read_amount(amount, row.invoice.currency)
    with open_office() as office:
        check_received_on(received_on, office.today(), row.invoice.issued_on)
    what = f"{paid} by {method} from {row.invoice.client.name}, received on {received_on.day} {received_on:%B %Y},"
    confirm(f"Record {what} for {number}, of which {row.balance} is open?", yes)
    arguments: dict[str, str | int | None] = {
        "number": number,
        "amount_minor": paid.minor,
        "received_on": received_on.isoformat(),
        "method": method,
        "reference": reference,
    }
    ask("record_payment", arguments, actor=actor, reason=reason, now=now, wait=wait)
