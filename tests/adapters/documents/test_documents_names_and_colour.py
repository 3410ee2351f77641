from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from billing.adapters.documents.colour import DEFAULT_ACCENT, accent_on_dark, contrast, legible_accent
from billing.adapters.documents.names import direction, isolated, isolated_html, lines, one_line


@pytest.mark.parametrize("accent", ["#1f5f5b", "#000000", "#8A1538"])
def test_a_legible_accent_stays_as_the_studio_chose_it(accent: str) -> None:
    assert legible_accent(accent) == accent.lower()


def test_a_pale_accent_is_darkened_and_keeps_its_hue() -> None:
    red, green, blue = (int(legible_accent("#f2b632")[at : at + 2], 16) for at in (1, 3, 5))

    assert red > green > blue


@pytest.mark.parametrize("accent", ["", "teal", "#12345", "#ggg", "red;} @import url(http://evil)", "#123456\n"])
def test_what_is_no_colour_becomes_the_accent_of_the_house(accent: str) -> None:
    assert legible_accent(accent) == DEFAULT_ACCENT
    assert contrast(accent_on_dark(accent), "#17191c") >= 4.5


@given(st.integers(0, 0xFFFFFF).map("#{:06x}".format) | st.integers(0, 0xFFF).map("#{:03x}".format))
def test_every_accent_reads_on_white_and_on_dark_paper(accent: str) -> None:
    assert contrast(legible_accent(accent), "#ffffff") >= 4.5
    assert contrast(accent_on_dark(accent), "#17191c") >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Anna  Berger ", "Anna Berger"),
        ("Anna\r\nBcc: all@example.com", "Anna Bcc: all@example.com"),
        ("Anna\u2028Berger\x00", "Anna Berger"),
        ("gpj.\u202efdp", "gpj.fdp"),
        ("\ud800Anna", "Anna"),
    ],
)
def test_a_name_is_one_harmless_line(name: str, seen: str) -> None:
    assert one_line(name) == seen


def test_terms_keep_their_lines() -> None:
    assert lines("\nWithin 14 days.\r\n\r\nThank you.\x07\n") == ["Within 14 days.", "", "Thank you."]


@pytest.mark.parametrize(("text", "way"), [("ליאור", "rtl"), ("12 سلمى", "rtl"), ("Anna", "ltr"), ("42", "ltr")])
def test_direction_follows_the_first_strong_letter(text: str, way: str) -> None:
    assert direction(text) == way


def test_right_to_left_names_stand_for_themselves() -> None:
    assert isolated("ליאור") == "\u2068ליאור\u2069"
    assert isolated_html("ליאור & Co") == Markup('<bdi dir="rtl">ליאור &amp; Co</bdi>')


def test_markup_in_a_name_is_text() -> None:
    assert isolated_html("<b>Anna</b>") == Markup("&lt;b&gt;Anna&lt;/b&gt;")


@given(st.text())
def test_no_name_breaks_out_of_its_line(name: str) -> None:
    assert len(isolated(name).splitlines()) <= 1
    assert "\x00" not in isolated(name)
