"""What was read before that which is known already takes nothing back."""

from __future__ import annotations

import pytest

from billing.domain.settlements import DisputeStatus, RefundStatus, goes_back

R, D = RefundStatus, DisputeStatus


@pytest.mark.parametrize(
    ("known", "told", "expected"),
    [
        (None, R.PENDING, False),
        (None, D.INQUIRY, False),
        (R.PENDING, R.PENDING, False),
        (R.PENDING, R.REQUIRES_ACTION, False),
        (R.REQUIRES_ACTION, R.PENDING, False),
        (R.PENDING, R.SUCCEEDED, False),
        (R.SUCCEEDED, R.PENDING, True),
        (R.SUCCEEDED, R.REQUIRES_ACTION, True),
        (R.SUCCEEDED, R.FAILED, False),
        (R.FAILED, R.SUCCEEDED, True),
        (R.CANCELED, R.SUCCEEDED, True),
        (R.FAILED, R.CANCELED, False),
        (D.INQUIRY, D.INQUIRY_CLOSED, False),
        (D.INQUIRY_CLOSED, D.INQUIRY, True),
        (D.INQUIRY, D.OPEN, False),
        (D.OPEN, D.INQUIRY, True),
        (D.OPEN, D.INQUIRY_CLOSED, True),
        (D.OPEN, D.WON, False),
        (D.WON, D.OPEN, True),
        (D.LOST, D.OPEN, True),
        (D.LOST, D.WON, False),
    ],
)
def test_only_what_is_further_on_replaces_what_is_known(
    known: RefundStatus | DisputeStatus | None, told: RefundStatus | DisputeStatus, expected: bool
) -> None:
    assert goes_back(known, told) is expected
