"""Who asks, and whether they may: decided from the head of a request alone, the same for every server of ours.

A web page that somebody looks at can make their browser ask any server of their machine, and a name that an attacker
owns can be made to lead there (DNS rebinding). Neither passes: a request names one of our hosts, and what changes
something comes from a page of our own or from a program. A browser's Sec-Fetch-Site says where a request comes from
(W3C, "Fetch Metadata Request Headers"), its Origin says it of all that is not a plain GET, and no page can set either.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

WEB_SOCKET = "WEBSOCKET"  # in place of a method: its handshake is a GET after which anything may be said
_READS = ("GET", "HEAD", "OPTIONS")
FROM_OURSELVES = ("same-origin", "none")  # none: typed, or a bookmark
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(:(?P<port>[0-9]{1,5}))?")
_PORTS = {"http": 80, "https": 443}

# What proxies, tunnels and content networks add: RFC 7239, RFC 9110 (Via), RFC 8586 (CDN-Loop), and the makers' own.
_FORWARDING = (
    "forwarded", "forwarded-for", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-proxyuser-ip", "x-host",
    "true-client-ip", "client-ip", "cdn-loop", "x-forwarded", "x-cloud-trace-context", "x-amzn-trace-id",
)  # fmt: skip
_FORWARDING_FAMILIES = (
    "x-forwarded-", "x-original-", "x-proxy-", "x-envoy-", "x-arr-", "x-azure-", "x-appengine-", "x-amz-cf-",
    "x-vercel-", "cf-", "fastly-", "fly-", "akamai-", "tailscale-", "ngrok-", "incap-", "x-sucuri-", "x-ms-proxy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """Of one server. `hosts`: names under which it is reached beside the loopback ones; a proxy stands before those.

    `setting` is the variable that lists them. `is_public`: a proxy may also stand before the loopback names.
    `programs_send_json`: whoever shows no sign of a browser must send JSON where something is changed, which no form of
    a page can.
    """

    setting: str | None = None
    hosts: tuple[str, ...] = ()
    is_public: bool = False
    programs_send_json: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """The head of a request: header names in small letters, each with the values that came under it."""

    method: str
    http_version: str
    headers: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, method: str, headers: Iterable[tuple[str, str]], http_version: str = "1.1") -> Caller:
        found: dict[str, tuple[str, ...]] = {}
        for name, value in headers:
            found[name.lower()] = (*found.get(name.lower(), ()), value)
        return cls(method, http_version, found)

    def said(self, name: str) -> str | None:
        """The header's value; None if it did not come. What came more than once says nothing that can be believed."""
        values = self.headers.get(name)
        return None if values is None else values[0] if len(values) == 1 else ""

    @property
    def changes_something(self) -> bool:
        return self.method not in _READS


@dataclass(frozen=True, slots=True)
class Refusal:
    """`status` is HTTP's; the sentence repeats nothing of what was asked."""

    status: int
    sentence: str


def refusal(caller: Caller, rules: Rules) -> Refusal | None:
    """Why this is not answered; None where it is."""
    host = caller.said("host") or ""
    if not is_loopback(host_name(host)) and host_name(host) not in _listed(rules):
        return Refusal(400, "This server has no such name." + _how_to_add(rules))
    if is_forwarded(caller) and not (rules.is_public or rules.hosts):
        return Refusal(403, "This server is for this machine only, and a proxy asks." + _how_to_add(rules))
    if not _comes_from_us(caller, host, rules):
        return Refusal(403, "Another site's page asks; only pages of this server may.")
    is_program = caller.said("origin") is None and caller.said("sec-fetch-site") is None
    if rules.programs_send_json and is_program and _sends_a_form(caller):
        return Refusal(415, "Send it as application/json.")
    return None


def _how_to_add(rules: Rules) -> str:
    if rules.setting is None:
        return ""
    return f" The names of a proxy before it, which asks who comes, are listed in {rules.setting}."


def _comes_from_us(caller: Caller, host: str, rules: Rules) -> bool:
    site, origin = caller.said("sec-fetch-site"), caller.said("origin")
    if site is not None and site not in FROM_OURSELVES and (caller.changes_something or not _is_a_visit(caller)):
        return False
    if origin is None or _is_own(origin, host, rules):
        return True
    return origin == "null" and site == "same-origin"  # what a page of ours sends under "no-referrer"


def _is_a_visit(caller: Caller) -> bool:
    """Somebody follows a link or is sent here: a page of its own, and no part of another."""
    return caller.said("sec-fetch-mode") == "navigate" and caller.said("sec-fetch-dest") in (None, "document")


def _is_own(origin: str, host: str, rules: Rules) -> bool:
    """Whether this is the origin of our own pages: the host that was asked, or a listed one whose proxy renames it."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    name, default = (parts.hostname or "").lower(), _PORTS.get(parts.scheme)
    if default is None or not name or origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        return False
    if port in (None, default) and name in _listed(rules):
        return True
    asked = _HOST.fullmatch(host)
    wanted = int(asked["port"]) if asked and asked["port"] else default
    return name == host_name(host).strip("[]") and (port or default) == wanted


def _listed(rules: Rules) -> set[str]:
    """As browsers send them: small letters, and other alphabets in their ASCII form."""
    return {_in_ascii(name) for name in rules.hosts}


def _in_ascii(name: str) -> str:
    try:
        return name.encode("idna").decode().lower()
    except UnicodeError:
        return name.lower()


def _sends_a_form(caller: Caller) -> bool:
    kind = (caller.said("content-type") or "").partition(";")[0].strip().lower()
    return caller.changes_something and caller.method != WEB_SOCKET and kind != "application/json"


def host_name(host: str) -> str:
    """The name in a Host header, without its port and in small letters; "" if it is none.

    >>> host_name("LOCALHOST:3000"), host_name("[::1]:3000"), host_name("a b"), host_name("x@y")
    ('localhost', '[::1]', '', '')
    """
    found = _HOST.fullmatch(host)
    return found["name"].lower() if found else ""


def is_loopback(name: str) -> bool:
    """
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("evil.example")
    (True, True, False, False)
    """
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def is_forwarded(caller: Caller) -> bool:
    """Whether something stands between the caller and us. HTTP/1.0 is what nginx speaks unless it is told otherwise."""
    names = caller.headers
    return caller.http_version == "1.0" or any(
        name in _FORWARDING or name.startswith(_FORWARDING_FAMILIES) for name in names
    )
