"""Whatever comes to the endpoint, it never says that something is wrong on our side."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from samples import examples
from web_hook_deliveries import SECRET, Endpoint, event, signed

SETTINGS = settings(
    max_examples=examples(40, 120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))
HEADER_NAMES = st.sampled_from(
    [b"stripe-signature", b"content-length", b"content-type", b"transfer-encoding", b"host", b"expect", b"x-other"]
)


@SETTINGS
@given(
    raw=st.binary(max_size=400),
    headers=st.lists(st.tuples(HEADER_NAMES, st.binary(max_size=60)), max_size=4),
    method=st.sampled_from(["POST", "GET", "PUT"]),
    path=st.sampled_from(["/hooks/stripe", "/health", "/", "/hooks/stripe/x"]),
)
def test_random_requests_are_never_our_fault(
    endpoint: Endpoint, raw: bytes, headers: list[tuple[bytes, bytes]], method: str, path: str
) -> None:
    assert endpoint.ask(method, path, raw, headers).status_code < 500


@SETTINGS
@given(raw=st.binary(max_size=400))
def test_random_bytes_that_are_well_signed_are_never_our_fault(endpoint: Endpoint, raw: bytes) -> None:
    assert endpoint.bring(raw).status_code in (200, 400)


@SETTINGS
@given(changes=st.dictionaries(st.sampled_from(["id", "type", "created", "livemode", "account", "data"]), ANYTHING))
def test_events_with_random_fields_are_never_our_fault(endpoint: Endpoint, changes: dict[str, Any]) -> None:
    assert endpoint.bring(event() | changes).status_code in (200, 400)


@SETTINGS
@given(subject=st.dictionaries(st.sampled_from(["id", "object", "payment_intent", "charge"]), ANYTHING))
def test_events_of_random_objects_are_never_our_fault(endpoint: Endpoint, subject: dict[str, Any]) -> None:
    told = event(data={"object": {"id": "pi_1", "object": "refund"} | subject})

    assert endpoint.bring(told).status_code in (200, 400)


@SETTINGS
@given(junk=st.text(alphabet=st.characters(max_codepoint=255), max_size=80), cut=st.integers(0, 90))
def test_a_header_that_is_not_the_signature_lets_nothing_in(endpoint: Endpoint, junk: str, cut: int) -> None:
    raw = json.dumps(event("evt_never")).encode()
    good = signed(raw, int(endpoint.clock.now().timestamp()), SECRET)
    header = good[: min(cut, len(good) - 1)] + junk
    assume(not header.startswith(good))

    answer = endpoint.ask("POST", "/hooks/stripe", raw, [(b"stripe-signature", header.encode("latin-1"))])

    assert answer.status_code == 400
