"""What the studio has chosen: whether the settings can be read, and what follows from them."""

from __future__ import annotations

from billing.cli.doctor.findings import Finding
from billing.domain.errors import PermanentError
from billing.domain.policy import DeliveryMode
from billing.settings import Reading, Settings, variable

LOOPBACK_NAMES = ("127.0.0.1", "localhost")


def settings(reading: Reading) -> Finding:
    """One line for all settings, and a detail for each that is refused."""
    if not reading.problems:
        shown = f"{reading.settings.studio_name}, {reading.settings.time_zone}"
        return Finding("settings", True, shown, is_essential=True)
    details = tuple(Finding(variable(field), False, what) for field, what in reading.problems.items())
    said = f"Set these in the environment or in .env: {', '.join(one.name for one in details)}."
    return Finding("settings", False, said, details, is_essential=True)


def starts_on(settings: Settings) -> str:
    if settings.billing_starts_on is None:
        raise PermanentError("starts_on", "Set BILLING_BILLING_STARTS_ON to the first day whose sessions are billed.")
    return f"sessions completed from {settings.billing_starts_on} on are billed"


def delivery_mode(settings: Settings) -> str:
    if settings.delivery_mode is DeliveryMode.REVIEW:
        return "review: invoices wait for `billing approve`"
    return "automatic: invoices go out by themselves"


def web_hooks(settings: Settings) -> str:
    """Never wrong: a secret that is none is refused by the settings, and without one all is found by polling."""
    if not settings.webhook_secrets:
        return "off: what Stripe reports is polled; BILLING_STRIPE_WEBHOOK_SECRETS makes it faster"
    hosts = [host for host in settings.portal_host_names if host not in LOOPBACK_NAMES]
    reached = f"as {', '.join(hosts)}" if hosts else "from this machine only: BILLING_PORTAL_HOSTS has no public name"
    return f"on, with {len(settings.webhook_secrets)} signing secret(s), reached {reached}"
