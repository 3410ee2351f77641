"""What holds of every answer of the portal, errors too."""

from __future__ import annotations

import pytest
from web_hook_deliveries import Endpoint

WANTED = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path", "host", "status"),
    [
        ("GET", "/health", "hooks.example", 200),
        ("GET", "/health", "HOOKS.example:8600", 200),
        ("GET", "/health", "hooks.example:8600", 200),
        ("GET", "/hooks/stripe", "hooks.example", 405),
        ("PUT", "/hooks/stripe", "hooks.example", 405),
        ("DELETE", "/hooks/stripe", "hooks.example", 405),
        ("OPTIONS", "/hooks/stripe", "hooks.example", 405),
        ("POST", "/health", "hooks.example", 405),
        ("POST", "/hooks/stripe", "hooks.example", 400),
        ("GET", "/health", "elsewhere.example", 400),
        ("GET", "/health", "www.hooks.example", 400),
        ("POST", "/hooks/stripe/", "hooks.example", 404),
        ("GET", "/", "hooks.example", 404),
        ("GET", "/..%2f..%2fetc/passwd", "hooks.example", 404),
    ],
)
def test_every_answer_carries_the_headers(endpoint: Endpoint, method: str, path: str, host: str, status: int) -> None:
    answer = endpoint.ask(method, path, b"", {"host": host})

    assert answer.status_code == status
    assert answer.headers.items() >= WANTED.items()


@pytest.mark.parametrize(("came_by", "value"), [("https", "max-age=31536000"), ("http", None), (None, None)])
def test_behind_tls_the_client_is_told_to_come_by_nothing_else(
    endpoint: Endpoint, came_by: str | None, value: str | None
) -> None:
    answer = endpoint.ask("GET", "/nowhere", b"", {"x-forwarded-proto": came_by} if came_by else {})

    assert answer.headers.get("strict-transport-security") == value


def test_health_says_ok_and_nothing_else(endpoint: Endpoint) -> None:
    answer = endpoint.ask("GET", "/health")

    assert answer.text == "ok\n"
    assert not {"server", "x-powered-by"} & set(answer.headers)
