"""What VSCO Workspace's refusals mean: errors are `{type, title, detail, status}` (schemas Error, ErrorValidation)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from billing.adapters.vsco import jsontext
from billing.domain.errors import NoRight, PermanentError, RefusedAccess

_LONGEST_DETAIL = 300
_LONGEST_WAIT_SECONDS = 86_400


def refusal(what: str, status: int, body: str) -> PermanentError:
    """The error for an answer of 300 to 499 other than 408 and 429: nothing happened, and nothing will."""
    if status == 401:
        return refused_key(f"{what}: 401")
    if status == 403:
        return NoRight(
            "vsco_forbidden",
            f"VSCO Workspace does not let this API key {what} (403); give the key that right in VSCO Workspace.",
        )
    if status == 404:
        return PermanentError("vsco_not_found", f"VSCO Workspace does not know it ({what}: 404); was it deleted there?")
    if status < 400:
        return RefusedAccess("vsco_url", f"VSCO Workspace redirects ({what}: {status}); check the setting vsco_url.")
    return PermanentError("vsco_refused", f"VSCO Workspace refuses {what} ({status}): {_detail(body)}")


def refused_key(evidence: str) -> RefusedAccess:
    """The key opens nothing; `evidence` is the call that says so, with its status."""
    return RefusedAccess(
        "vsco_unauthorized",
        f"VSCO Workspace refuses the API key ({evidence});"
        " check the setting vsco_api_key, and the key's rights in VSCO Workspace.",
    )


def retry_after_seconds(header: str | None, date_header: str | None) -> int | None:
    """Retry-After in either form (RFC 9110, 10.2.3); a moment is counted from the server's own Date if it sends one."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _LONGEST_WAIT_SECONDS)
    until, now = _moment(text), _moment(date_header or "") or datetime.now(UTC)
    if until is None:
        return None
    return max(0, min(int((until - now).total_seconds()), _LONGEST_WAIT_SECONDS))


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _detail(body: str) -> str:
    """One line from `detail` (a sentence, or a map of fields and what is wrong with each), else from the body."""
    try:
        answer = jsontext.parse(body)
    except ValueError:
        answer = body
    detail: Any = (answer.get("detail") or answer.get("title")) if isinstance(answer, dict) else answer
    if isinstance(detail, dict):
        detail = "; ".join(f"{name}: {_words(why)}" for name, why in sorted(detail.items()))
    line = " ".join(str(detail).split()) or "no reason given"
    return line if len(line) <= _LONGEST_DETAIL else line[:_LONGEST_DETAIL] + "…"


def _words(why: Any) -> str:
    return ", ".join(str(part) for part in why) if isinstance(why, list) else str(why)
