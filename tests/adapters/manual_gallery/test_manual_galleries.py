"""A gallery that no program opens becomes a task for a person."""

from __future__ import annotations

from datetime import date

import pytest

from billing.adapters.manual_gallery import ManualGalleries
from billing.domain.errors import NeedsAttention


@pytest.mark.parametrize(
    ("expires_on", "words"), [(date(2026, 6, 1), "publish it until 2026-06-01"), (None, "publish it at")]
)
def test_opening_says_what_to_do(expires_on, words):
    with pytest.raises(NeedsAttention, match=words) as caught:
        ManualGalleries().open_gallery("summer-7", expires_on)

    assert caught.value.code == "gallery_by_hand"
    assert "summer-7" in caught.value.sentence


def test_closing_says_what_to_do():
    with pytest.raises(NeedsAttention, match="summer-7 is closed by hand"):
        ManualGalleries().close_gallery("summer-7")


def test_it_is_known_as_manual():
    assert ManualGalleries.name == "manual"


def test_nobody_can_tell_whether_it_is_open():
    assert ManualGalleries().is_open("summer-7") is None
