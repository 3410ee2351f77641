"""Who may look: everybody on this machine, or whoever is on the list after a login."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Visit:
    """What decides about one page view. `bound_to` is None when the server listens everywhere."""

    bound_to: str | None
    headers: Mapping[str, str]
    login_is_set_up: bool
    allowed_emails: frozenset[str]
    email: str | None = None  # of a person who has logged in
    email_is_verified: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`sentence` says why not; with `may_log_in` a login can change it."""

    may_look: bool
    sentence: str = ""
    may_log_in: bool = False


def decide(visit: Visit) -> Decision:
    """On loopback without a proxy before it nobody is asked; anywhere else a listed e-mail address is needed."""
    if _is_local(visit):
        return Decision(True)
    if not visit.login_is_set_up:
        return Decision(False, _NO_LOGIN.format(where=visit.bound_to or "every address of this machine"))
    if not visit.allowed_emails:
        return Decision(False, "Nobody is allowed in yet: list the e-mail addresses in BILLING_DASHBOARD_EMAILS.")
    if visit.email is None:
        return Decision(False, "Please log in to see the studio's figures.", may_log_in=True)
    if not visit.email_is_verified or visit.email.lower() not in visit.allowed_emails:
        return Decision(False, f"{visit.email} is not on the list of people who may see this.", may_log_in=True)
    return Decision(True)


def _is_local(visit: Visit) -> bool:
    names = {name.lower(): value for name, value in visit.headers.items()}
    if any(name in names for name in FORWARDED):
        return False  # a proxy on this machine shows the dashboard to others
    host = names.get("host", "localhost")
    return visit.bound_to is not None and is_loopback(visit.bound_to) and is_loopback(_without_port(host))


def is_loopback(address: str) -> bool:
    """
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("evil.example")
    (True, True, False, False)
    """
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.rpartition(":")[0] or host


_NO_LOGIN = (
    "This dashboard can be reached by others ({where}) and has no login, so it shows nothing. Bind it to 127.0.0.1"
    " (server.address), or set up a login: the [auth] section of .streamlit/secrets.toml and BILLING_DASHBOARD_EMAILS."
)
