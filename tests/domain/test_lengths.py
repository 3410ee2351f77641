"""Texts in short."""

from __future__ import annotations

import pytest

from billing.domain.lengths import shortened


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [("", 3, ""), ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab cd", 4, "ab…"), ("abcd" * 100_000, 5, "abcd…")],
)
def test_a_long_text_keeps_its_beginning_and_says_that_more_follows(text: str, most: int, short: str) -> None:
    assert shortened(text, most) == short
    assert len(short) <= most
