"""Who may look: everybody on this machine, or whoever is on the list after a login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.servers.callers import Caller, host_name, is_forwarded, is_loopback


@dataclass(frozen=True, slots=True)
class Visit:
    """What decides about one page view. `bound_to` is None when the server listens everywhere."""

    bound_to: str | None
    headers: Mapping[str, str]
    login_is_set_up: bool
    allowed_emails: frozenset[str]
    email: str | None = None  # of a person who has logged in
    email_is_verified: bool = False

    @property
    def host(self) -> str:
        """What was asked for; Streamlit's own tests ask for nothing."""
        return next((value for name, value in self.headers.items() if name.lower() == "host"), "localhost")


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
    caller = Caller.of("GET", visit.headers.items())
    is_bound_here = visit.bound_to is not None and is_loopback(visit.bound_to)
    return is_bound_here and not is_forwarded(caller) and is_loopback(host_name(visit.host))


_NO_LOGIN = (
    "This dashboard can be reached by others ({where}) and has no login, so it shows nothing. Bind it to 127.0.0.1 and"
    " open it there without a proxy, or set up a login: the [auth] section of .streamlit/secrets.toml,"
    " BILLING_DASHBOARD_EMAILS, and BILLING_DASHBOARD_HOSTS with the name under which it is reached."
)
