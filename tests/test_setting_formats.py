"""What each setting may hold, and the one sentence that refuses the rest; nothing secret is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from babel import Locale

from billing.adapters.documents.wording import languages
from billing.setting_formats import LANGUAGES
from billing.settings import Settings, read_settings
from billing.standards.countries import COUNTRIES

NEEDED = {"vsco_api_key": "k", "stripe_api_key": "k", "studio_name": "North Light", "studio_email": "a@b.example"}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env
    for name in [name for name in os.environ if name.startswith("BILLING_")]:
        monkeypatch.delenv(name)
    for field, value in NEEDED.items():
        monkeypatch.setenv(f"BILLING_{field.upper()}", value)


def refused(monkeypatch: pytest.MonkeyPatch, field: str, value: str) -> str | None:
    monkeypatch.setenv(f"BILLING_{field.upper()}", value)
    problems = read_settings().problems
    assert problems.keys() <= {field}
    return problems.get(field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number_series", "INV-{year}-"),
        ("number_series", "RE/{year}/"),
        ("number_series", "{year}.Ä_"),
        ("number_series", "2026 "),
        ("number_series", "R"),
        ("studio_website", "northlight.example"),
        ("studio_website", "https://www.northlight.example/portraits"),
        ("studio_website", "größe.example"),
        ("studio_country", "CH"),
        ("studio_country", "XK"),
        ("studio_country", "UK"),
        ("studio_country", "Germany"),
        ("default_language", "de"),
        ("default_language", "de_AT"),
        ("default_language", "es-419"),
        ("studio_name", "Ateliér “光” & Söhne"),
        ("studio_terms", "Due in 14 days.\nThank you."),
        ("vsco_url", "http://127.0.0.1:8010/api/v2"),
        ("stripe_url", "http://localhost:8010"),
        ("clock_url", "http://[::1]:8010/clock"),
        ("smtp_host", "smtp.northlight.example"),
        ("smtp_host", "::1"),
        ("backup_folder", "var/backups"),
        ("warehouse_path", "var/warehouse.duckdb"),
    ],
)
def test_what_is_meant_is_taken(monkeypatch: pytest.MonkeyPatch, field: str, value: str) -> None:
    assert refused(monkeypatch, field, value) is None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("number_series", "INV-{month}-", "'INV-{month}-' is no series of numbers such as INV-{year}-"),
        ("number_series", "INV\n", "is no series of numbers"),
        ("number_series", "-{year}-", "is no series of numbers"),
        ("number_series", "<b>{year}", "is no series of numbers"),
        ("number_series", "{{year}}", "is no series of numbers"),
        ("number_series", "{year}" * 8, "is longer than 30 characters"),
        ("studio_website", "our web site", "'our web site' is no address of a web site, such as www."),
        ("studio_website", "javascript:alert(1)", "is no address of a web site"),
        ("studio_website", "http://[", "is no address of a web site"),
        ("studio_website", "https://x.example/" + "y" * 200, "String should have at most 200 characters"),
        ("studio_country", "XX", "'XX' is no country of ISO 3166-1, such as DE, GB or US"),
        ("studio_country", "Narnia", "is no country of ISO 3166-1"),
        ("default_language", "pt", "'pt' is no language that there are words in: de, en, es, fr"),
        ("default_language", "de/AT", "is no language that there are words in"),
        ("studio_name", "North\nLight", "is more than one line"),
        ("studio_tax_id", "DE\x07123", "is more than one line, or holds a control character"),
        ("studio_bank_details", "IBAN\r\nBcc: x", "is more than one line"),
        ("studio_terms", "x" * 4001, "String should have at most 4000 characters"),
        ("vsco_url", "workspace.vsco.co", "not an address such as https://host or http://127.0.0.1:8010"),
        ("stripe_url", "http://u:canary@h:port", "not an address such as"),
        ("pixieset_url", "ftp://canary@pixieset.com", "not an address such as"),
        ("clock_url", "http://:80", "not an address such as"),
        ("smtp_host", "https://smtp.example", "is no name of a server"),
        ("backup_folder", "file", "file is a file; name a folder"),
        ("warehouse_path", "folder", "folder is a folder; name a file in it"),
        ("ledger_url", "sqlite:///folder", "names no file, or a folder"),
        ("ledger_url", "sqlite://", "names no file, or a folder"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, field: str, value: str, said: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()

    sentence = refused(monkeypatch, field, value)

    assert sentence is not None
    assert said in sentence
    assert len(sentence.splitlines()) == 1
    assert "canary" not in sentence


def test_there_are_words_in_the_languages_that_the_settings_take() -> None:
    assert set(LANGUAGES) == languages()


def test_the_countries_are_those_that_the_documents_can_name() -> None:
    no_countries = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
    known = {code for code in Locale("en").territories if len(code) == 2 and code.isalpha()}

    assert known - no_countries == COUNTRIES


def test_every_default_is_one_that_is_taken() -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items() if not field.is_required()}

    assert Settings(**defaults).number_series == "INV-{year}-"
