"""A sample of the faults at the wire; all of them by `make reliability`."""

from __future__ import annotations

import pytest
from faults import CALLS, KINDS, Case, a_sample, all_cases, try_out

SAMPLE = a_sample()


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_whatever_fails_at_the_wire_the_effect_is_one(case: Case) -> None:
    assert try_out(case) == []


def test_the_sample_knows_every_call_and_every_kind_of_fault() -> None:
    assert {(case.system, case.call) for case in SAMPLE} == {(one, call) for one in CALLS for call in CALLS[one]}
    assert {case.kind for case in SAMPLE} == {kind for kinds in KINDS.values() for kind in kinds}
    assert set(SAMPLE) <= set(all_cases())
