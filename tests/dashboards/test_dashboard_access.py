"""Who may look, as a table."""

from __future__ import annotations

import pytest

from dashboards.access import Visit, decide

LISTED = frozenset({"owner@studio.example"})
LOCAL = {"Host": "127.0.0.1:8501"}


@pytest.mark.parametrize(
    ("bound_to", "headers", "may_look"),
    [
        ("127.0.0.1", LOCAL, True),
        ("localhost", {"Host": "localhost:8501"}, True),
        ("::1", {"Host": "[::1]:8501"}, True),
        ("127.0.0.1", {}, True),
        (None, LOCAL, False),  # Streamlit listens everywhere
        ("0.0.0.0", LOCAL, False),
        ("192.168.1.5", LOCAL, False),
        ("127.0.0.1", {**LOCAL, "X-Forwarded-For": "203.0.113.9"}, False),  # a proxy shows it to others
        ("127.0.0.1", {**LOCAL, "Forwarded": "for=203.0.113.9"}, False),
        ("127.0.0.1", {**LOCAL, "X-Forwarded-Proto": "https"}, False),
        ("127.0.0.1", {**LOCAL, "Via": "1.1 caddy"}, False),
        ("127.0.0.1", {**LOCAL, "CF-Connecting-IP": "203.0.113.9"}, False),
        ("127.0.0.1", {**LOCAL, "Tailscale-User-Login": "guest@studio.example"}, False),
        ("127.0.0.1", {"Host": "figures.studio.example"}, False),  # a proxy, or a rebound name
    ],
)
def test_without_a_login_only_this_machine_may_look(
    bound_to: str | None, headers: dict[str, str], may_look: bool
) -> None:
    decision = decide(Visit(bound_to, headers, login_is_set_up=False, allowed_emails=LISTED))

    assert decision.may_look is may_look
    assert not decision.may_log_in
    assert may_look or "127.0.0.1" in decision.sentence


@pytest.mark.parametrize(
    ("allowed", "email", "verified", "may_look", "may_log_in"),
    [
        (frozenset(), "owner@studio.example", True, False, False),
        (LISTED, None, False, False, True),
        (LISTED, "owner@studio.example", True, True, False),
        (LISTED, "Owner@Studio.Example", True, True, False),
        (LISTED, "owner@studio.example", False, False, True),
        (LISTED, "guest@studio.example", True, False, True),
    ],
)
def test_with_a_login_the_list_decides(
    allowed: frozenset[str], email: str | None, verified: bool, may_look: bool, may_log_in: bool
) -> None:
    visit = Visit("0.0.0.0", LOCAL, True, allowed, email, email_is_verified=verified)

    decision = decide(visit)

    assert (decision.may_look, decision.may_log_in) == (may_look, may_log_in)
