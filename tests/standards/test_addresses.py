"""What people type into a field for e-mail addresses, and what of it mail can be sent to."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.errors import PermanentError
from billing.standards.addresses import LONGEST_FIELD, MOST_ADDRESSES, addresses_in, mailable, sorted_out

ANNA, PER = "anna@example.com", "per@example.com"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("anna@example.com;per@example.com", (ANNA, PER)),
        ("anna@example.com, per@example.com", (ANNA, PER)),
        ("anna@example.com per@example.com", (ANNA, PER)),
        ("anna@example.com\r\nper@example.com\n", (ANNA, PER)),
        ("anna@example.com / per@example.com", (ANNA, PER)),
        ("anna@example.com|per@example.com;;", (ANNA, PER)),
        ("anna@example.com; ANNA@example.com", (ANNA,)),
        ("mailto:anna@example.com", (ANNA,)),
        ("mailto:anna@example.com?subject=Hi", (ANNA,)),
        ("E-Mail: anna@example.com", (ANNA,)),
        ("Anna Lee <anna@example.com>", (ANNA,)),
        ('"Lee, Anna" <anna@example.com>, Per <per@example.com>', (ANNA, PER)),
        ("anna@example.com <anna@example.com>", (ANNA,)),
        ("<anna@example.com>", (ANNA,)),
        ("'anna@example.com'", (ANNA,)),
        ("(anna@example.com)", (ANNA,)),
        ("„anna@example.com“", (ANNA,)),
        ("anna@example.com.", (ANNA,)),
        ("anna@example.com...", (ANNA,)),
        ("an\u200bna@exam\u00adple.com\ufeff", (ANNA,)),
        ("\u202aanna@example.com\u202c", (ANNA,)),
        ("\u00a0anna@example.com\u202f\u3000", (ANNA,)),
        ("anna @example.com", (ANNA,)),
        ("anna@ example.com", (ANNA,)),
        ("ａｎｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ；per＠example.com", (ANNA, PER)),
        ("a?b@example.com", ("a?b@example.com",)),
        ("", ()),
        (" ;, \n", ()),
        ("-", ()),
        ("N/A", ()),
        ("keine", ()),
    ],
)
def test_what_can_be_mended_without_guessing_is(typed: str, meant: tuple[str, ...]) -> None:
    assert addresses_in(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "anna lee@example.com",
        "anna@example.com und per@example.com",
        "anna@example. com",
        "Anna anna@example.com",
        "anna@@example.com",
        "n/a@none",
        ".anna@example.com",
        "anna@example..com",
    ],
)
def test_nobody_is_written_to_by_a_guess(typed: str) -> None:
    good, ((shown, why),) = sorted_out((typed,))

    assert (good, shown) == ((), typed)
    assert f"{typed!r} is not an e-mail address" in why


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Anna@EXAMPLE.com", "Anna@example.com"),
        ("anna@müller.example", "anna@xn--mller-kva.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("o'brien+studio@example.ie", "o'brien+studio@example.ie"),
    ],
)
def test_an_address_takes_the_form_that_goes_into_a_header(typed: str, normal: str) -> None:
    assert mailable(typed) == mailable(mailable(typed)) == normal
    assert normal.isascii()


@pytest.mark.parametrize(
    "typed", ["", "anna", "anna@", "anna@none", "anna@x,per@y", "jörg@example.com", "root@localhost", "a@b.invalid"]
)
def test_what_no_mail_server_takes_is_refused_by_name(typed: str) -> None:
    with pytest.raises(PermanentError) as caught:
        mailable(typed)

    assert caught.value.code == "invalid_email"
    assert repr(typed) in caught.value.sentence


def test_fields_are_sorted_out_together_each_address_once() -> None:
    good, bad = sorted_out(("Anna@example.com; n/a@none", "per@example.com, anna@EXAMPLE.com, n/a@none"))

    assert good == ("Anna@example.com", PER)
    assert [address for address, _ in bad] == ["n/a@none"]


def test_a_joiner_is_taken_out_only_where_it_can_mean_nothing() -> None:
    """In a Persian domain it tells one name from another: what is left without it would be somebody else's."""
    of_somebody = "info@نامه\u200cای.example"

    assert addresses_in("an\u200dna@example.com") == (ANNA,)
    assert addresses_in(of_somebody) == (of_somebody,)
    assert sorted_out((of_somebody,))[0] == ()


def test_an_absurd_field_costs_nothing_and_is_shown_in_short() -> None:
    began = time.process_time()
    for absurd in ("x" * 200_000, "<" * 200_000, ",a" * 100_000, "a@b.de " * 100_000, "@" * 200_000):
        good, bad = sorted_out((absurd,))
        assert len(good) + len(bad) <= MOST_ADDRESSES
        assert all(len(shown) < 200 for shown, _ in bad)
    assert LONGEST_FIELD < 10_000
    assert time.process_time() - began < 5


@given(st.text(alphabet=st.sampled_from("ab@.,;<>\"' \n\u200b\u00a0:?/()é＠-"), max_size=40) | st.text(max_size=40))
def test_whatever_is_typed_what_comes_out_can_stand_in_a_header(typed: str) -> None:
    good, bad = sorted_out((typed,))

    for address in good:
        assert address.isascii()
        assert len(address.split()) == 1
        assert mailable(address) == address
    assert all("\n" not in shown for shown, _ in bad)
