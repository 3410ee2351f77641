"""What is looked at, in which order. A new check is a line here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billing.cli.doctor import choices, ledger, machine, outside, variables
from billing.cli.doctor.findings import Check, Finding
from billing.cli.ports import SERVERS, Ports
from billing.domain.errors import BillingError
from billing.settings import read_settings

CHECKS = (
    Check("variables", variables.variables, is_essential=True),
    Check("studio", choices.studio, needs=("studio_name", "studio_email", "clock_url"), is_essential=True),
    Check("billing_starts_on", choices.starts_on, ("billing_starts_on",), is_essential=True),
    Check("delivery_mode", choices.delivery_mode, ("delivery_mode",)),
    Check("web_hooks", choices.web_hooks, ("stripe_webhook_secrets", "portal_hosts")),
    Check("disk", machine.disk, needs=("ledger_url", "warehouse_path", "disk_reserve_mb"), is_essential=True),
    Check("database", ledger.database, ("ledger_url",), is_essential=True),
    Check("ledger", ledger.promises, needs=("ledger_url",), after=("database",), is_essential=True),
    Check("chains", ledger.chains, needs=("ledger_url",), after=("database",), is_essential=True),
    Check("secrecy", machine.secrecy, needs=("ledger_url", "warehouse_path"), is_essential=True),
    Check("smtp", outside.smtp, ("smtp_host", "smtp_port", "smtp_security"), is_essential=True),
    Check("sender", outside.sender, ("studio_email",), after=("smtp",), is_essential=True),
    Check("stripe", outside.stripe, ("stripe_api_key", "stripe_url"), is_essential=True),
    Check("vsco", outside.vsco, ("vsco_api_key", "vsco_url"), is_essential=True),
    Check("money_scale", outside.money_scale, ("vsco_money_scale",), after=("vsco",)),
    Check("pdf", machine.pdf, needs=("studio_name", "studio_email", "studio_logo"), is_essential=True),
)


def examine(ports: Ports, names: Sequence[str] = SERVERS) -> Iterator[Finding]:
    """One finding after the other, as they are made. What a refused setting has nothing to do with is looked at."""
    try:
        reading = read_settings()
    except BillingError as error:
        yield Finding("settings", False, error.sentence, is_essential=True)
        return
    yield choices.settings(reading)
    failed: set[str] = set()
    for check in CHECKS:
        finding = check.examine(reading.settings, reading.problems, failed)
        if not finding.is_ok:
            failed.add(check.name)
        yield finding
    if not reading.settings.webhook_secrets:
        names = [name for name in names if name != "portal"]
    yield Check("ports", lambda _: machine.ports(ports, names)).examine(reading.settings, {}, ())
