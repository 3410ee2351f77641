"""`billing consent`: who may be charged by a saved card, and who not any more."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from billing.cli.asking import ask, confirm, human_act, money_act, reason_option
from billing.cli.opening import open_office
from billing.domain.typed import check_consented_at


@click.group()
def consent() -> None:
    """Record or revoke a client's consent to be charged. Without one nobody is charged.

    \b
    Example:
        billing consent revoke 01hv2k --reason "asked by e-mail"
    """


@consent.command()
@click.argument("client_id")
@click.option("--customer", required=True, help="The customer at Stripe, cus_….")
@click.option("--payment-method", required=True, help="The saved card at Stripe, pm_….")
@click.option("--label", required=True, help='What the client knows it by: "Visa ending 4242".')
@click.option("--text-version", required=True, help="Which text they agreed to.")
@click.option("--consented-at", help="When, ISO 8601, in the studio's time unless it says so; now unless given.")
@reason_option("How it was given; it is kept.")
@money_act
def record(
    client_id: str, customer: str, payment_method: str, label: str, text_version: str, consented_at: str | None,
    reason: str, actor: str, wait: int, now: bool, yes: bool,
) -> None:  # fmt: skip
    """Record that a client (their id in VSCO Workspace) agreed to be charged.

    \b
    Example:
        billing consent record 01hv2k --customer cus_1 --payment-method pm_1 --label "Visa ending 4242" \\
            --text-version 2026-01 --reason "signed contract of 3 March"
    """
    at = _agreed_at(consented_at)
    confirm(f"From now on {client_id} may be charged by {label}. Is their consent on file?", yes)
    arguments = {
        "client_id": client_id,
        "customer_id": customer,
        "payment_method_id": payment_method,
        "label": label,
        "text_version": text_version,
        "consented_at": at.isoformat(),
    }
    ask("record_consent", arguments, actor=actor, reason=reason, now=now, wait=wait)


@consent.command()
@click.argument("client_id")
@reason_option("Why; it is kept.")
@human_act
def revoke(client_id: str, reason: str, actor: str, wait: int, now: bool) -> None:
    """Revoke a client's consent: they get invoices from now on.

    \b
    Example:
        billing consent revoke 01hv2k --reason "asked by e-mail"
    """
    ask("revoke_consent", {"client_id": client_id}, actor=actor, reason=reason, now=now, wait=wait)


def _agreed_at(text: str | None) -> datetime:
    with open_office() as office:
        now, zone = office.clock.now(), ZoneInfo(office.settings.time_zone)
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text} is no instant such as 2026-03-31T14:30+02:00.", param_hint="--consented-at"
        ) from None
    return check_consented_at(at if at.tzinfo else at.replace(tzinfo=zone), now)
