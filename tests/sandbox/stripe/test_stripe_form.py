"""Stripe's form encoding, and what is not well formed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from billing.sandbox.stripe.errors import StripeError
from billing.sandbox.stripe.form import decode

_NAMES = st.text("abcdefgh_", min_size=1, max_size=5)
_TREES = st.dictionaries(
    _NAMES,
    st.recursive(
        st.text(max_size=5),
        lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(_NAMES, inner, min_size=1, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def _encoded(tree: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    return urlencode(list(_api_encode(tree)))


@given(_TREES)
def test_what_the_sdk_encodes_comes_out_as_it_went_in(tree: dict[str, Any]) -> None:
    assert decode(_encoded(tree)) == tree


def test_empty_brackets_append() -> None:
    assert decode("expand[]=a&expand[]=b&x[][y]=1") == {"expand": ["a", "b"], "x": [{"y": "1"}]}


@pytest.mark.parametrize("encoded", ["a[b=1", "[a]=1", "a[b]c=1", "a=1&a[b]=2", "a[b]=1&a=2", "a" + "[b]" * 11 + "=1"])
def test_names_that_are_not_well_formed_are_refused(encoded: str) -> None:
    with pytest.raises(StripeError):
        decode(encoded)
