"""Countries as people type them, and as they stand on an envelope."""

from __future__ import annotations

import subprocess
import sys

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from billing.standards.countries import LANGUAGES, country_code, on_the_envelope


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        *((name, "AT") for name in ("Österreich", "österreich", "OSTERREICH", "Oesterreich", "Autriche", "AT", "AUT")),
        *((name, "DE") for name in ("Deutschland", "Germany", "Allemagne", "Alemania", "de", "BRD", "D E U")),
        *((name, "US") for name in ("U.S.A.", "USA", "U. S. A.", "US", "the United States", "États-Unis", "EE.UU.")),
        *((name, "GB") for name in ("UK", "U.K.", "Great Britain", "England", "Großbritannien", "Royaume Uni", "GBR")),
        *((name, "NL") for name in ("Holland", "The Netherlands", "Niederlande", "Pays-Bas", "Nederland")),
        *((name, "CI") for name in ("Côte d'Ivoire", "Cote d’Ivoire", "Ivory Coast", "Elfenbeinküste")),
        *((name, "BA") for name in ("Bosnia and Herzegovina", "Bosnien und Herzegowina", "Bosnia & Herzegovina")),
        *((name, "MM") for name in ("Myanmar", "Burma", "Myanmar (Burma)")),
        ("Sverige", "SE"),
        ("Česko", "CZ"),
        ("Ελλάδα", "GR"),
        ("日本", "JP"),
        ("  Schweiz ", "CH"),
        *((name, None) for name in ("", " ", "XX", "EU", "ZZ", "Narnia", "10115", "D-10115", "SUN", "Bavaria")),
        ("x" * 200_000, None),
    ],
)
def test_a_country_is_understood_as_people_write_it(typed: str, code: str | None) -> None:
    assert country_code(typed) == code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_that_a_language_of_ours_has_means_its_country(language: str) -> None:
    names = {str(code): str(name) for code, name in Locale(language).territories.items() if len(str(code)) == 2}
    wrong = {name: country_code(name) for code, name in names.items() if country_code(name) not in (code, None)}
    unknown = {code for code, name in names.items() if country_code(name) is None}

    assert wrong == {}
    # Regions that are no country, places of another country, and the one name that two islands share.
    assert unknown <= {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA", "MF", "SX"}


def test_a_code_is_known_without_the_names() -> None:
    """A command that only reads a setting has no time for them."""
    code = (
        "import sys; from billing.standards.countries import country_code as c; print(c('de'), 'babel' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.split() == ["DE", "False"]


@pytest.mark.parametrize(
    ("country", "sender", "reader", "line"),
    [
        ("AT", "DE", "en", "ÖSTERREICH"),
        ("US", "DE", "en", "VEREINIGTE STAATEN"),
        ("GB", "US", "de", "UNITED KINGDOM"),
        ("DE", "CH", "fr", "ALLEMAGNE"),
        ("DE", "CH", "fr-CH", "ALLEMAGNE"),
        ("DE", "CH", "en", "DEUTSCHLAND"),
        ("FR", "JP", "en", "FRANCE"),
        ("SE", "XX", "de", "SWEDEN"),
        ("??", "DE", "en", "??"),
    ],
)
def test_the_country_of_destination_is_named_so_that_the_senders_post_reads_it(
    country: str, sender: str, reader: str, line: str
) -> None:
    assert on_the_envelope(country, sender, reader) == line


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_country_or_none(typed: str) -> None:
    code = country_code(typed)

    assert code is None or country_code(code) == code
