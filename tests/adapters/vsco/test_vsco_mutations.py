"""Whatever a vendor sends instead of what it promised: a readable session, or a PermanentError; never a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from samples import examples
from vsco_records import PACKAGE, WHOLE, shared, studio, workspace

from billing.domain import canonical
from billing.domain.errors import PermanentError
from billing.domain.sessions import SessionFacts
from billing.ports.outside import RawRecord

NASTY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**13), 10**13),
    st.sampled_from(
        [10**400, -1, 1.5, 1e308, 1e-320, "", "0", "٣", "\ud800", "\x00", "‮abc", "x" * 5_000, "2026-02-30"]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.lists(st.none() | st.text(max_size=3) | st.integers(), max_size=3),
    st.dictionaries(
        st.sampled_from(["id", "rate", "amount", "address", "percentage"]), st.none() | st.integers(), max_size=3
    ),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a value something can be replaced."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


PLACES = places(WHOLE)[1:]


def mutated(changes: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    whole = copy.deepcopy(WHOLE)
    for path, value in changes:
        inner: Any = whole
        for key in path[:-1]:
            inner = inner[key] if isinstance(inner, dict | list) and key in _keys(inner) else None
        if isinstance(inner, dict | list) and path[-1] in _keys(inner):
            inner[path[-1]] = value
    return whole


def _keys(value: Any) -> Any:
    return value if isinstance(value, dict) else range(len(value))


def outcome(read: Callable[[], Any]) -> Any:
    """What was read, or the code of the PermanentError; anything else goes through and fails the test."""
    try:
        return read()
    except PermanentError as error:
        return error.code


@settings(max_examples=examples(100, 600), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), NASTY), min_size=1, max_size=3))
def test_a_mutated_session_is_read_or_refused(changes):
    found = [RawRecord(kind, "1" * 26, None, json.dumps(body)) for kind, body in mutated(changes).items()]

    facts = outcome(lambda: workspace().read_session(found, shared()))

    if isinstance(facts, SessionFacts):
        assert canonical.loads(SessionFacts, canonical.dumps(facts).encode().decode()) == facts
        assert "\n" not in facts.client.name + facts.job.name + "".join(facts.client.emails)
    else:
        assert facts in {"malformed_record", "client_missing", "several_recipients"}


@settings(max_examples=examples(60, 200), deadline=None)
@given(
    st.sampled_from(["studio", "custom-field", "product", "product-type", "tax-rate", "job-role", "brand"]),
    NASTY,
    st.data(),
)
def test_a_mutated_shared_record_is_read_or_refused(kind, nasty, data):
    body = studio() if kind == "studio" else {"id": PACKAGE, "name": "x", "type": PACKAGE, "kind": "team", "rate": 19}
    body[data.draw(st.sampled_from(sorted(body)))] = nasty
    records = [RawRecord(kind_, "1" * 26, None, json.dumps(body_)) for kind_, body_ in WHOLE.items()]
    known = [*shared()[1:], RawRecord(kind, PACKAGE, None, json.dumps(body)), shared()[0]]

    facts = outcome(lambda: workspace().read_session(records, known))

    assert facts == "malformed_record" or facts.client.name == "Ann Lee"


@given(st.text(max_size=200) | st.binary(max_size=50).map(lambda raw: raw.decode("latin-1")))
def test_text_instead_of_a_record_is_refused(text):
    assert outcome(lambda: workspace().read_job(RawRecord("job", "x", None, text), [])) == "malformed_record"
