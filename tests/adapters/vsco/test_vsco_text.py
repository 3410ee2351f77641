"""JSON that loses no digit, and words out of markup."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.vsco import jsontext
from billing.adapters.vsco.plaintext import one_line, plain_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    "number", ["0.19", "1.10", "1.0", "0.1000000000000000055511151231257827", "1e3", "-2.50E-7", "12345678901234567890"]
)
def test_a_number_comes_out_as_it_went_in(number):
    assert (
        jsontext.canonical(jsontext.parse(f'{{"b": {number}, "a": [true, null]}}'))
        == f'{{"a":[true,null],"b":{number}}}'
    )


@given(JSON)
def test_the_canonical_text_means_the_same_and_is_stable(value):
    text = jsontext.canonical(jsontext.parse(json.dumps(value)))

    assert jsontext.canonical(jsontext.parse(text)) == text
    if "\\ud" not in json.dumps(value):
        assert json.loads(text) == value


def test_half_a_surrogate_pair_can_be_stored():
    jsontext.canonical(jsontext.parse('{"name": "\\ud83d"}')).encode("utf-8")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "{", "1e99999999999999999999", "[" * 100_000, b"\xff\xfe\xff", ""])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the message is json's own
        jsontext.parse(text)


def test_a_nesting_that_can_be_read_but_not_written_is_a_value_error():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(ValueError, match="nesting"):
        jsontext.canonical(deep)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (None, ""),
        ("", ""),
        ("Two hours", "Two hours"),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<ul><li>Album<li>Prints</ul>", "• Album\n• Prints"),
        ("a &lt;b&gt; &amp;amp; &#8364;", "a <b> &amp; €"),
        ("<style>p{}</style><script>alert('<p>')</script>ok", "ok"),
        ("</script>still here", "still here"),
        ("text <![endif]--> more", "text more"),
        ("<![if !supportLists]>1. <![endif]>first", "1. first"),
        ("kept <![ lost", "kept"),
        ("<p>broken <b", "broken <b"),
        ("a\x00b\u2028c\nd", "a b c d"),
        ("<p>שלום <b>עולם</b></p>", "שלום עולם"),
    ],
)
def test_markup_becomes_words(html, text):
    assert plain_text(html) == text


@given(st.text(alphabet=st.sampled_from("<>!-[]/ab\"'&;=?pli \n\x00")))
def test_no_markup_breaks_the_reader(html):
    assert not set(plain_text(html)) & set("\r\x00")


@given(st.text())
def test_one_line_is_one_clean_line(text):
    found = one_line(text)

    assert len(found.splitlines()) <= 1
    assert found == found.strip()
    found.encode("utf-8")
