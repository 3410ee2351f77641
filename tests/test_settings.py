"""Settings: all that is wrong is said at once, and nothing secret is ever said."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from billing.domain.errors import PermanentError
from billing.domain.policy import DeliveryMode
from billing.logos import BYTES_MAX
from billing.settings import Settings, load_settings, read_settings

NEEDED = {
    "BILLING_VSCO_API_KEY": "canary-vsco",
    "BILLING_STRIPE_API_KEY": "rk_live_canary",
    "BILLING_STUDIO_NAME": "North Light",
    "BILLING_STUDIO_EMAIL": "hello@northlight.example",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env
    for field in Settings.model_fields:
        monkeypatch.delenv(f"BILLING_{field.upper()}", raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **changes: str) -> Settings:
    for name, value in {**NEEDED, **{f"BILLING_{key.upper()}": value for key, value in changes.items()}}.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_all_that_is_missing_or_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_TIME_ZONE", "Mars/Olympus")
    monkeypatch.setenv("BILLING_DUE_DAYS", "-1")
    monkeypatch.setenv("BILLING_STUDIO_LOGO", "logo.gif")
    monkeypatch.setenv("BILLING_JOB_CUSTOM_FIELD", "Bill")

    with pytest.raises(PermanentError) as caught:
        load_settings()

    for problem in (
        *(f"{name} is missing" for name in NEEDED),
        "BILLING_TIME_ZONE: 'Mars/Olympus' is no IANA time zone",
        "BILLING_DUE_DAYS: ",
        "BILLING_STUDIO_LOGO: logo.gif is no SVG, PNG or JPEG",
        "BILLING_JOB_CUSTOM_FIELD: 'Bill' is not of the form name=value",
    ):
        assert problem in caught.value.sentence


def test_what_is_refused_keeps_nobody_from_reading_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_STUDIO_NAME", "North Light")
    monkeypatch.setenv("BILLING_DUE_DAYS", "-1")
    monkeypatch.setenv("BILLING_SMTP_PORT", "2525")

    reading = read_settings()

    assert reading.problems.keys() == {"vsco_api_key", "stripe_api_key", "studio_email", "due_days"}
    assert (reading.settings.studio_name, reading.settings.smtp_port) == ("North Light", 2525)
    assert reading.settings.due_days == 14


def test_every_refusal_names_a_variable() -> None:
    """A validator of the whole could name none, and would hide from the doctor what else there is to look at."""
    assert not Settings.__pydantic_decorators__.model_validators


def test_no_secret_is_in_a_repr_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch, smtp_password="canary-smtp", pixieset_session_cookie="canary-cookie",
        ledger_url="postgresql+psycopg://u:canary-db@h/l",
    )  # fmt: skip
    with pytest.raises(PermanentError) as caught:
        load(monkeypatch, clock_url="http://127.0.0.1/clock", due_days="many")

    for text in (repr(settings), str(settings), caught.value.sentence, repr(caught.value)):
        assert "canary" not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"studio_email": "not an address"}, "BILLING_STUDIO_EMAIL: 'not an address' is not an e-mail address"),
        ({"owner_email": "olga@"}, "BILLING_OWNER_EMAIL: 'olga@' is not an e-mail address"),
        ({"ledger_url": "var/ledger.db"}, "BILLING_LEDGER_URL: not a URL such as sqlite:///var/ledger.db"),
        ({"ledger_url": "mysql://u:canary-db@h/l"}, "BILLING_LEDGER_URL: not a URL such as"),
        ({"ledger_url": "postgresql://u:canary-db@h:port/l"}, "BILLING_LEDGER_URL: not a URL such as"),
        ({"poll_seconds": "often"}, "BILLING_POLL_SECONDS: Input should be a valid integer"),
    ],
)
def test_what_cannot_be_meant_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        load(monkeypatch, **changes)

    assert said in caught.value.sentence
    assert "canary" not in caught.value.sentence


def test_addresses_in_other_scripts_are_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load(monkeypatch, studio_email="studio@nordlicht-fotografie.example").owner_email == ""
    typed = load(monkeypatch, studio_email="büro@größe.example")
    assert typed.studio_email == typed.policy.studio.email == "büro@größe.example"
    assert typed.policy.sender.endswith(" <büro@xn--gre-6ka8i.example>")


def test_a_play_clock_is_refused_with_live_money(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PermanentError, match="with a live Stripe key the time is the real one"):
        load(monkeypatch, clock_url="http://127.0.0.1/clock")


@pytest.mark.parametrize("size", [None, BYTES_MAX + 1])
def test_a_logo_that_is_missing_or_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int | None
) -> None:
    if size:
        (tmp_path / "logo.png").write_bytes(b"x" * size)

    with pytest.raises(PermanentError, match=r"logo\.png is not there or larger than 512 KiB"):
        load(monkeypatch, studio_logo=str(tmp_path / "logo.png"))


def test_a_logo_goes_in_as_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
    (tmp_path / "logo.svg").write_bytes(drawing)

    settings = load(monkeypatch, studio_logo=str(tmp_path / "logo.svg"))

    assert settings.studio.logo == f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode()}"


def test_a_logo_that_cannot_be_drawn_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"<!DOCTYPE html><p>Not found")

    with pytest.raises(
        PermanentError, match=r"BILLING_STUDIO_LOGO: .*logo\.png is no picture, whatever its ending says"
    ):
        load(monkeypatch, studio_logo=str(tmp_path / "logo.png"))


def test_the_policy_is_made_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = load(
        monkeypatch, job_types="Wedding | Portrait", job_custom_field="Bill=yes", billing_starts_on="2026-01-01",
        delivery_mode="automatic", limit_mails="7", studio_address="Road 1|Town",
    ).policy  # fmt: skip

    assert policy.jobs.job_types == ("Wedding", "Portrait")
    assert policy.billing_starts_on == date(2026, 1, 1)
    assert policy.delivery_mode is DeliveryMode.AUTOMATIC
    assert policy.limits.mails == 7
    assert policy.studio.address_lines == ("Road 1", "Town")
    assert policy.studio.logo == ""
    assert policy.sender == "North Light <hello@northlight.example>"


def test_nothing_is_billed_and_nothing_goes_out_by_itself_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = load(monkeypatch).policy

    assert policy.billing_starts_on is None
    assert policy.delivery_mode is DeliveryMode.REVIEW


@pytest.mark.dagster
@pytest.mark.parametrize(("given", "seconds"), [("", "30"), ("60", "60"), ("1", "5"), ("often", "30"), ("-4", "30")])
def test_the_definitions_load_whatever_the_poll_interval_says(given: str, seconds: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from sensors.completed_sessions import POLL_SECONDS; print(POLL_SECONDS)"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
        env=os.environ | {"BILLING_POLL_SECONDS": given},
    ).stdout  # fmt: skip

    assert said.split() == [seconds]


def test_addresses_are_mended_and_the_owner_may_have_several(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(
        monkeypatch, studio_email=" North Light <studio@northlight.example>", owner_email="a@x.example; b@x.example"
    )

    assert found.studio_email == "studio@northlight.example"
    assert found.owner_email == "a@x.example,b@x.example"
    with pytest.raises(PermanentError, match=r"BILLING_STUDIO_EMAIL.*more than one"):
        load(monkeypatch, studio_email="a@x.example, b@x.example")


@pytest.mark.parametrize(("typed", "code"), [("UK", "GB"), ("Österreich", "AT"), ("de", "DE"), ("U.S.A.", "US")])
def test_the_studios_country_is_understood_as_a_clients_is(
    monkeypatch: pytest.MonkeyPatch, typed: str, code: str
) -> None:
    assert load(monkeypatch, studio_country=typed).studio.country == code


def test_a_country_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PermanentError, match="BILLING_STUDIO_COUNTRY: 'XX' is no country"):
        load(monkeypatch, studio_country="XX")
