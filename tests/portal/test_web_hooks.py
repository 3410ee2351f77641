"""The web-hook endpoint: what is well signed is in the inbox once before it is answered; all else leaves no trace."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from web_hook_deliveries import SECRET, Endpoint, event, signed

from billing.domain.errors import TemporaryError
from billing.portal import web_hooks
from billing.portal.app import HEADERS, build_portal
from billing.portal.web_hooks import BODY_BYTES_AT_MOST, StripeWebHook


def test_an_event_is_in_the_inbox_when_it_is_answered(endpoint: Endpoint) -> None:
    answer = endpoint.bring(event("evt_1"))

    assert (answer.status_code, answer.text) == (200, "kept\n")
    with endpoint.ledger.read() as uow:
        (kept,) = uow.payments.waiting_events("stripe", 10)
    assert (kept.event_id, kept.kind, kept.payment_id) == ("evt_1", "payment_intent.succeeded", "pi_1")
    assert json.loads(kept.body) == event("evt_1")


def test_an_event_that_comes_twice_is_one_row(endpoint: Endpoint) -> None:
    answers = [endpoint.bring(event("evt_1")).text for _ in range(3)]

    assert answers == ["kept\n", "known\n", "known\n"]
    assert endpoint.inbox() == [("evt_1", "waiting", None)]


def test_events_that_come_at_the_same_instant_are_one_row_each(endpoint: Endpoint) -> None:
    answers = endpoint.bring_at_once([event(f"evt_{number % 4}") for number in range(32)])

    assert (answers.count("kept"), answers.count("known")) == (4, 28)
    assert sorted(row[0] for row in endpoint.inbox()) == ["evt_0", "evt_1", "evt_2", "evt_3"]


def test_an_event_that_was_applied_is_not_made_to_wait_again(endpoint: Endpoint) -> None:
    endpoint.bring(event("evt_1"))
    with endpoint.ledger.write() as uow:
        uow.payments.settle_event("stripe", "evt_1", "applied", None, endpoint.clock.now())

    endpoint.bring(event("evt_1"))

    assert endpoint.inbox() == [("evt_1", "applied", None)]


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_either_way_are_accepted(endpoint: Endpoint, seconds: int) -> None:
    assert endpoint.bring(seconds=seconds).status_code == 200


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400, 10_000_000_000])
def test_what_was_signed_long_ago_or_in_the_future_is_refused(endpoint: Endpoint, seconds: int) -> None:
    assert endpoint.bring(seconds=seconds).status_code == 400
    assert endpoint.inbox() == []


def test_while_a_secret_is_rolled_both_are_believed(endpoint: Endpoint) -> None:
    app = build_portal(StripeWebHook(endpoint.ledger, endpoint.clock, ["whsec_new", SECRET]), ["hooks.example"])
    rolled = Endpoint(app, endpoint.ledger, endpoint.clock, httpx.ASGITransport(app))

    assert rolled.bring(event("evt_old"), secrets=(SECRET,)).status_code == 200
    assert rolled.bring(event("evt_new"), secrets=("whsec_new",)).status_code == 200
    assert rolled.bring(event("evt_both"), secrets=("whsec_unknown", "whsec_new")).status_code == 200
    assert rolled.bring(event("evt_none"), secrets=("whsec_unknown", "whsec_other")).status_code == 400
    assert [row[0] for row in rolled.inbox()] == ["evt_old", "evt_new", "evt_both"]


def test_the_raw_bytes_are_what_is_signed(endpoint: Endpoint) -> None:
    raw = json.dumps(event()).encode()
    header = signed(raw, int(endpoint.clock.now().timestamp()), SECRET)

    assert endpoint.bring(raw + b" ", header=header).status_code == 400
    assert endpoint.bring(json.dumps(event(), indent=1).encode(), header=header).status_code == 400
    assert endpoint.bring(raw, header=header).status_code == 200


def test_only_version_one_signatures_are_believed(endpoint: Endpoint) -> None:
    raw = json.dumps(event()).encode()
    header = signed(raw, int(endpoint.clock.now().timestamp()), SECRET)

    assert endpoint.bring(raw, header=header.replace("v1=", "v0=")).status_code == 400
    assert endpoint.bring(raw, header=f"{header},t=1").status_code == 400
    assert endpoint.bring(raw, header=f"v0=00,{header},v2=00").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "", "x", "t=1", "v1=00", "t=,v1=00", "t=abc,v1=00", "t=-1,v1=00", "t=1.5,v1=00", "t=" + "9" * 400 + ",v1=00",
        "t=" + "9" * 12 + ",v1=00", "t=1,t=2,v1=00", "v1==,t==", "t=1," + ",".join(["v1=" + "0" * 64] * 5000), "=,=,=",
        "t=\u00b2,v1=00", "t=1,v1=\u00e9\u00e9", ",,,,",
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(endpoint: Endpoint, header: str) -> None:
    headers = [(b"stripe-signature", header.encode("latin-1"))]

    assert endpoint.ask("POST", "/hooks/stripe", b"{}", headers).status_code == 400


@pytest.mark.parametrize("stamp", ["", "soon", "-5", "1.5", "1e9", "9" * 400, "9" * 5_000, "0x10"])
def test_a_stamp_that_is_none_is_refused_though_it_is_signed(endpoint: Endpoint, stamp: str) -> None:
    raw = json.dumps(event()).encode()

    assert endpoint.bring(raw, header=signed(raw, stamp, SECRET)).status_code == 400


def test_no_header_and_two_headers_are_refused(endpoint: Endpoint) -> None:
    raw = json.dumps(event()).encode()
    good = signed(raw, int(endpoint.clock.now().timestamp()), SECRET).encode()

    assert endpoint.ask("POST", "/hooks/stripe", raw).status_code == 400
    twice = [(b"stripe-signature", good), (b"stripe-signature", good)]
    assert endpoint.ask("POST", "/hooks/stripe", raw, twice).status_code == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"{}", b"null", b"1", b'"evt_1"', b"\xff\xfe", b"\x00", b"[" * 100_000, b'{"id":' * 5_000,
        b'{"a":' * 900 + b"1" + b"}" * 900, b"NaN", b"9" * 5_000, json.dumps(event()).encode("utf-16"),
        json.dumps([event()]).encode(), json.dumps(event()).encode() + b"{}", b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_refused(endpoint: Endpoint, raw: bytes) -> None:
    assert endpoint.bring(raw).status_code == 400
    assert endpoint.inbox() == []


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e400", "9" * 20, "-" + "9" * 40]
)
@pytest.mark.parametrize("place", ['{"amount":%s}', '{"list":[{"deep":%s}]}'])
def test_a_signed_number_that_is_none_is_refused(endpoint: Endpoint, number: str, place: str) -> None:
    raw = json.dumps(event() | {"note": "here"}).replace('"here"', place % number).encode()

    assert endpoint.bring(raw).status_code == 400
    assert endpoint.inbox() == []


@pytest.mark.parametrize("number", ["0", "-1", "1e-999", "0.1e2", str(2**63 - 1), "1.7976931348623157e308"])
def test_a_number_that_is_one_is_taken(endpoint: Endpoint, number: str) -> None:
    raw = json.dumps(event() | {"note": "here"}).replace('"here"', number).encode()

    assert endpoint.bring(raw).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None}, {"id": 7}, {"id": ""}, {"id": "evt\u0000"}, {"id": "evt_" + "1" * 300}, {"id": "evt 1"},
        {"type": None}, {"type": ["payment_intent.succeeded"]}, {"created": None}, {"created": "soon"},
        {"created": 10**20}, {"created": -(10**20)}, {"created": float("inf")}, {"data": None}, {"data": {}},
        {"data": {"object": []}}, {"data": {"object": {"id": "pi_1"}}}, {"data": {"object": {"object": "charge"}}},
        {"data": {"object": {"id": ["pi_1"], "object": "payment_intent"}}}, {"account": 5}, {"account": "\ud800"},
        {"note": "\ud800"}, {"data": {"object": {"id": "re_1", "object": "refund", "payment_intent": {"no": "id"}}}},
    ],
)  # fmt: skip
def test_an_event_with_odd_fields_is_refused(endpoint: Endpoint, changes: dict[str, Any]) -> None:
    assert endpoint.bring(event() | changes).status_code == 400
    assert endpoint.inbox() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"livemode": True}, "of our account in live mode; this ledger belongs to acct_1 test"),
        ({"account": "acct_2"}, "of acct_2 in test mode; this ledger belongs to acct_1 test"),
    ],
)
def test_another_accounts_event_is_kept_and_never_applied(
    endpoint: Endpoint, changes: dict[str, Any], reason: str
) -> None:
    answer = endpoint.bring(event() | changes)

    assert answer.status_code == 200
    assert endpoint.inbox() == [("evt_1", "ignored", reason)]
    with endpoint.ledger.read() as uow:
        assert uow.payments.waiting_events("stripe", 10) == []


def test_our_own_account_may_be_named(endpoint: Endpoint) -> None:
    endpoint.bring(event() | {"account": "acct_1"})

    assert endpoint.inbox() == [("evt_1", "waiting", None)]


def test_kinds_that_the_house_does_not_use_are_answered_and_not_kept(endpoint: Endpoint) -> None:
    answers = [
        endpoint.bring(event(kind=kind)) for kind in ("customer.created", "charge.succeeded", "v2.core.event", "x")
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert endpoint.inbox() == []


def test_a_ledger_that_does_not_know_its_account_keeps_nothing_and_is_sent_it_again(
    endpoint: Endpoint,
) -> None:
    with endpoint.ledger.engine.begin() as connection:
        connection.execute(text("delete from pins"))

    answer = endpoint.bring()

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert endpoint.inbox() == []


def test_a_ledger_that_cannot_be_written_is_503_and_nothing_is_lost(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def broken() -> Iterator[Any]:
        raise TemporaryError("ledger_unavailable", "The disk is full.")
        yield

    with monkeypatch.context() as full:
        full.setattr(endpoint.ledger, "write", broken)
        answer = endpoint.bring()
    assert answer.status_code == 503
    assert "retry-after" in answer.headers

    assert endpoint.bring().text == "kept\n"


def test_a_ledger_in_other_hands_is_waited_for_or_503(endpoint: Endpoint) -> None:
    """Another process holds the write lock: SQLite's own "database is locked" becomes 503, never 500."""
    with endpoint.ledger.engine.connect() as other:
        other.execution_options(write=True).exec_driver_sql("select 1")
        endpoint.ledger.engine.dispose()
        assert _with_short_patience(endpoint).status_code == 503
    assert endpoint.bring().status_code == 200


def _with_short_patience(endpoint: Endpoint) -> httpx.Response:
    from sqlalchemy import event as listening

    def at_once(connection: Any, _record: Any) -> None:
        connection.execute("pragma busy_timeout = 1")

    listening.listen(endpoint.ledger.engine, "connect", at_once)
    try:
        return endpoint.bring()
    finally:
        listening.remove(endpoint.ledger.engine, "connect", at_once)


def test_an_error_that_nobody_foresaw_is_500_and_its_text_is_in_no_log(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("whatever was in the body")

    monkeypatch.setattr(endpoint.ledger, "write", broken)

    answer = endpoint.bring()

    assert answer.status_code == 500
    assert answer.headers.items() >= HEADERS.items()
    assert "unforeseen: RuntimeError" in caplog.text
    assert "whatever was in the body" not in caplog.text + answer.text


def test_no_more_of_a_body_is_read_than_is_allowed(endpoint: Endpoint) -> None:
    """Without a length, and with one that lies."""
    for headers in ({}, {"content-length": "5"}):
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while sent < 8 * BODY_BYTES_AT_MOST:
                sent += 65_536
                yield b" " * 65_536

        assert asyncio.run(_bring_chunks(endpoint, endless(), headers)) == 413
        assert sent <= BODY_BYTES_AT_MOST + 65_536


@pytest.mark.parametrize("length", [str(10_000_000), "9" * 5_000])
def test_what_says_that_it_is_too_large_is_not_read_at_all(endpoint: Endpoint, length: str) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    assert asyncio.run(_bring_chunks(endpoint, never(), {"content-length": length})) == 413


@pytest.mark.parametrize("length", ["-1", "x", "\u00b2", "1e3", ""])
def test_a_length_that_is_none_is_refused(endpoint: Endpoint, length: str) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        yield b"{}"

    assert asyncio.run(_bring_chunks(endpoint, nothing(), {"content-length": length})) == 400


def test_the_largest_body_is_taken(endpoint: Endpoint) -> None:
    full = event() | {"note": ""}
    full["note"] = "x" * (BODY_BYTES_AT_MOST - len(json.dumps(full)))

    assert endpoint.bring(full).status_code == 200
    full["note"] += "x"
    assert endpoint.bring(full).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_hooks, "BODY_SECONDS_AT_MOST", 0.01)

    async def slow() -> AsyncIterator[bytes]:
        await asyncio.sleep(2)
        yield b""

    assert asyncio.run(_bring_chunks(endpoint, slow(), {})) == 408


def test_when_too_many_are_inside_the_next_one_is_sent_away_to_come_again(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_hooks, "AT_ONCE_AT_MOST", 0)

    assert endpoint.bring().status_code == 503


def test_no_body_signature_or_secret_is_in_the_log(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    raw = json.dumps(event() | {"note": "canary-in-the-body"}).encode()
    header = signed(raw, int(endpoint.clock.now().timestamp()), SECRET)

    answers = [
        endpoint.bring(raw, header=header),
        endpoint.bring(raw + b"!", header=header),
        endpoint.bring(b"canary"),
    ]

    mac = header.partition("v1=")[2]
    said = caplog.text + "".join(answer.text for answer in answers)
    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert "evt_1: kept" in caplog.text
    assert not [secret for secret in ("canary", mac, SECRET, "whsec") if secret in said]


async def _bring_chunks(endpoint: Endpoint, chunks: AsyncIterator[bytes], headers: dict[str, str]) -> int:
    """Straight into the application: a server would put a false length right before it got here."""
    scope = {
        "type": "http", "method": "POST", "path": "/hooks/stripe", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"hooks.example"), (b"stripe-signature", b"t=1,v1=00"),
                    *((name.encode(), value.encode("latin-1")) for name, value in headers.items())],
    }  # fmt: skip
    status = 0

    async def receive() -> dict[str, Any]:
        chunk = await anext(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await endpoint.app(scope, receive, send)  # type: ignore[arg-type]
    return status
