"""What the studio has chosen: whether the settings can be read, and what follows from them."""

from __future__ import annotations

import re

from billing.cli.doctor.findings import Finding
from billing.cli.reference import SAMPLES
from billing.domain.errors import PermanentError
from billing.domain.policy import DeliveryMode
from billing.settings import Reading, Settings, variable

PLACES_OF_THE_STUDIO = ("studio_name", "studio_email", "owner_email", "studio_website", "studio_address")
_NO_NAME = re.compile(r"(?i)((your|my|our|the|a|test|example|sample)[ _-]+)?(studio|company|business|name|studio name)")
_RESERVED = re.compile(r"(?i)(\.(example|test|invalid|localhost)|\bexample\.(com|net|org))(?=$|[/:|])")
LOOPBACK_NAMES = ("127.0.0.1", "localhost")


def settings(reading: Reading) -> Finding:
    """One line for all settings, and a detail for each that is refused."""
    if not reading.problems:
        shown = f"{reading.settings.studio_name}, {reading.settings.time_zone}"
        return Finding("settings", True, shown, is_essential=True)
    details = tuple(Finding(variable(field), False, what) for field, what in reading.problems.items())
    said = f"Set these in the environment or in .env: {', '.join(one.name for one in details)}."
    return Finding("settings", False, said, details, is_essential=True)


def studio(settings: Settings) -> Finding:
    """A studio that is made up belongs in the sandbox: its clients' answers, and its own alerts, would reach nobody."""
    details = tuple(
        Finding(variable(field), False, f"is still {value!r}; write the studio's own.")
        for field in PLACES_OF_THE_STUDIO
        if (value := str(getattr(settings, field) or "")) and _is_placeholder(value)
    )
    if details and not settings.clock_url:
        return Finding("studio", False, f"Made up: {', '.join(one.name for one in details)}.", details)
    where = ", made up for the sandbox" if settings.clock_url else ""
    return Finding("studio", True, f"{settings.studio_name}, {settings.studio_email}{where}")


def _is_placeholder(value: str) -> bool:
    """What the example says, a name that is none, or an address that RFC 2606 keeps for examples."""
    return value in SAMPLES.values() or bool(_NO_NAME.fullmatch(value.strip()) or _RESERVED.search(value))


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
