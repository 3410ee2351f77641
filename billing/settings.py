"""One typed `Settings`: reads the environment (prefix BILLING_) and `.env` once; lists all that is wrong at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing import logos
from billing.domain.errors import PermanentError
from billing.domain.invoices import Studio
from billing.domain.policy import DailyLimits, DeliveryMode, GalleryPolicy, JobFilter, StudioPolicy, Trigger
from billing.setting_formats import Country, File, Folder, Host, Language, NumberSeries, OneLine, Server, Website
from billing.standards.addresses import addresses_in, mailable, right_addresses

PREFIX = "BILLING_"  # of the variable of each setting
LOGO_BYTES_MAX = 512 * 1024
_MISSING = "is missing"
PICTURES = ("image/svg+xml", "image/png", "image/jpeg")


class Settings(BaseSettings):
    """All settings of the pipeline. Every field is described, and docs/SETTINGS.md is made from the descriptions."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8-sig", extra="ignore", env_ignore_empty=True
    )

    ledger_url: str = Field(  # may hold a password
        "sqlite:///var/ledger.db", description="The ledger's database, as SQLAlchemy writes URLs.", repr=False
    )
    backup_folder: Folder = Field(Path("var/backups"), description="Where `billing backup` keeps copies of the ledger.")
    warehouse_path: File = Field(Path("var/warehouse.duckdb"), description="The published DuckDB file.")
    disk_reserve_mb: int = Field(
        500,
        description="Megabytes of disk that are the ledger's: with less, a person is told, and no figures are made.",
        ge=1,
    )
    time_zone: str = Field("UTC", description="The studio's time zone, as IANA names it.")

    vsco_url: Server = Field("https://workspace.vsco.co/api/v2", description="Base address of VSCO Workspace.")
    vsco_api_key: SecretStr = Field(description="API key of VSCO Workspace.")
    vsco_money_scale: Literal["cents", "units"] = Field("cents", description="What VSCO's integers of money count.")
    vsco_preference_field: OneLine = Field(
        "Billing preference", description="Custom field that says autopay or invoice."
    )
    vsco_language_field: OneLine = Field("Language", description="Custom field with the client's language.")

    stripe_api_key: SecretStr = Field(description="Stripe key; a restricted one for live money.")
    stripe_url: Server | None = Field(None, description="Base address of Stripe; empty is Stripe's own.")
    stripe_webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="Signing secrets (whsec_…) of the web-hook endpoint at Stripe; separated by |, while one is rolled."
        " Empty: no web hooks, payments are found by polling.",
    )
    portal_hosts: str = Field(
        "127.0.0.1|localhost", description="Host names under which `billing serve` is reached; separated by |."
    )
    dagster_hosts: str = Field(
        "",
        description="Host names under which Dagster's pages are reached through a proxy with a login; separated by |."
        " Empty: on this machine only.",
    )
    stripe_allow_unrestricted_live_key: bool = Field(False, description="Accept an sk_live key that may do anything.")
    vsco_requests_per_second: int = Field(
        25,
        description="Requests to VSCO Workspace in a second, from all processes; it publishes no limit of its own.",
        ge=1,
    )
    stripe_requests_per_second: int = Field(
        25, description="Requests that Stripe takes in a second, from all processes of this machine.", ge=1, le=1000
    )

    pixieset_url: Server | None = Field(
        None, description="Base address of Pixieset's web calls; empty leaves Pixieset out."
    )
    pixieset_session_cookie: SecretStr = Field(
        SecretStr(""), description="Session cookie of Pixieset's web application."
    )
    pixieset_csrf_token: SecretStr = Field(SecretStr(""), description="CSRF token of Pixieset's web application.")

    smtp_host: Host = Field("localhost", description="Mail server.")
    smtp_port: int = Field(25, description="Port of the mail server.", gt=0, lt=65536)
    smtp_security: Literal["none", "starttls", "tls"] = Field("starttls", description="How the line is encrypted.")
    smtp_username: str | None = Field(None, description="Name at the mail server; empty for none.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the mail server.")

    studio_name: OneLine = Field(max_length=200, description="The studio's name, on paper and in mail.")
    studio_email: str = Field(min_length=1, description="The studio's address; mail comes from here.")
    studio_address: OneLine = Field("", max_length=500, description="Postal address; lines are separated by |.")
    studio_country: Country = Field("US", description="Country, by its code (ISO 3166-1: DE) or its name.")
    studio_phone: OneLine = Field("", max_length=50, description="Telephone number.")
    studio_website: Website = Field("", max_length=200, description="Web site.")
    studio_tax_id: OneLine = Field("", max_length=50, description="Tax id, on every invoice.")
    studio_bank_details: OneLine = Field("", max_length=500, description="Bank details; lines are separated by |.")
    studio_accent: str = Field("#1f5f5b", description="The one colour, as #rrggbb.", pattern="^#[0-9a-fA-F]{6}$")
    studio_logo: Path | None = Field(
        None, description="Logo file: SVG, PNG or JPEG, at most 512 KiB and 4000 pixels on a side."
    )
    studio_terms: str = Field(
        "", max_length=4000, description="Terms at the foot of the invoice, 4000 characters at most."
    )
    owner_email: str = Field("", description="Where alerts go, separated by commas if several; empty sends none.")
    owner_digest: bool = Field(
        True,
        description="Mail the owner each morning what waits, what is overdue and what went out yesterday; no mail where"
        " there is nothing to say.",
    )
    owner_digest_hour: int = Field(
        7, description="Hour of the owner's morning mail, by the studio's time zone.", ge=0, le=23
    )
    dashboard_url: Server | None = Field(
        None,
        description="Where people open the dashboard, such as https://figures.your-studio.example; mails lead there.",
    )
    default_language: Language = Field(
        "en",
        description="Language of clients who have none recorded, and of the owner's morning mail: de, en, es or fr.",
    )

    billing_starts_on: date | None = Field(
        None, description="First day whose sessions are billed; nothing is billed without it."
    )
    trigger: Trigger = Field(Trigger.FULFILLMENT, description="When a session counts as completed.")
    delivery_mode: DeliveryMode = Field(
        DeliveryMode.REVIEW, description="review: invoices wait for `billing approve`. automatic: they go out."
    )
    job_types: str = Field("", description="Job types that are billed; separated by |, empty is all.")
    job_types_left_out: str = Field("", description="Job types that are never billed; separated by |.")
    brands: str = Field("", description="Brands that are billed; separated by |, empty is all.")
    job_custom_field: str | None = Field(None, description="Only jobs with this custom field, as name=value.")
    number_series: NumberSeries = Field(
        "INV-{year}-", description="What stands before an invoice's number; {year} is filled in."
    )
    due_days: int = Field(14, description="Days from issue to due date.", ge=0, le=365)
    autopay_notice_days: int = Field(
        3,
        description="Days between the mail that announces a charge of a saved card and the charge; 0 charges at once.",
        ge=0,
        le=60,
    )
    gallery_policy: GalleryPolicy = Field(GalleryPolicy.PAID_IN_FULL, description="When the gallery is opened.")
    gallery_closes_on_refund: bool = Field(
        True, description="Close the gallery when all that was paid went back, or a dispute was lost."
    )
    gallery_days: int = Field(90, description="Days that a gallery stays open.", ge=1, le=3650)
    limit_invoices: int = Field(200, description="Invoices a day before it stops and asks.", ge=1)
    limit_mails: int = Field(1000, description="Mails a day before it stops and asks.", ge=1)
    limit_charges: int = Field(200, description="Charges a day before it stops and asks.", ge=1)

    clock_url: Server | None = Field(None, description="Where the sandbox tells the time; never with live money.")
    poll_seconds: int = Field(30, description="Seconds between two looks at VSCO Workspace.", ge=5)
    # So many are needed to come up to Stripe's limit where an answer takes a fifth of a second (bench_charges).
    concurrency: int = Field(16, description="Calls outside at the same time; mails at most 8.", ge=1, le=64)
    render_workers: int = Field(2, description="Processes that render PDFs when there are many.", ge=1, le=64)

    @field_validator("ledger_url")
    @classmethod
    def _usable_url(cls, url: str) -> str:
        """Says nothing of the URL itself, which may hold a password."""
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            backend = make_url(url).get_backend_name()
        except (ArgumentError, ValueError):
            backend = ""
        if backend not in ("sqlite", "postgresql"):
            raise ValueError("not a URL such as sqlite:///var/ledger.db or postgresql+psycopg://user@host/billing")
        if backend == "sqlite" and Path(make_url(url).database or "").is_dir():
            raise ValueError("names no file, or a folder; such as sqlite:///var/ledger.db")
        return url

    @field_validator("stripe_webhook_secrets")
    @classmethod
    def _signing_secrets(cls, secrets: SecretStr) -> SecretStr:
        """Says nothing of the secrets themselves."""
        if not all(secret.startswith("whsec_") for secret in _parts(secrets.get_secret_value())):
            raise ValueError("a signing secret of a web-hook endpoint begins with whsec_")
        return secrets

    @field_validator("studio_email", "owner_email")
    @classmethod
    def _an_address(cls, typed: str, info: ValidationInfo) -> str:
        """By the rule for clients' addresses. The studio has one, and it stands on paper as it was typed; the owner may
        have several, separated by commas.
        """
        if not typed.strip():
            return ""
        try:
            addresses = right_addresses(typed)
        except PermanentError as error:
            raise ValueError(error.sentence.rstrip(".")) from error
        if info.field_name != "studio_email":
            return ",".join(addresses)
        if len(addresses) > 1:
            raise ValueError(f"{typed!r} is more than one address")
        return addresses_in(typed)[0]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin") from error
        return name

    @field_validator("studio_logo")
    @classmethod
    def _usable_logo(cls, path: Path | None) -> Path | None:
        if path is not None:
            logos.data_url(path)
        return path

    @field_validator("job_custom_field")
    @classmethod
    def _name_and_value(cls, text: str | None) -> str | None:
        if text is not None and "=" not in text:
            raise ValueError(f"{text!r} is not of the form name=value")
        return text

    @field_validator("clock_url")
    @classmethod
    def _no_play_clock_with_live_money(cls, url: str | None, info: ValidationInfo) -> str | None:
        key = info.data.get("stripe_api_key")  # absent where it was refused itself
        if url and key is not None and "_live_" in key.get_secret_value():
            raise ValueError("it is for the sandbox; with a live Stripe key the time is the real one")
        return url

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        return _parts(self.stripe_webhook_secrets.get_secret_value())

    @property
    def portal_host_names(self) -> tuple[str, ...]:
        return _parts(self.portal_hosts)

    @cached_property
    def studio(self) -> Studio:
        return Studio(
            name=self.studio_name,
            address_lines=_parts(self.studio_address),
            country=self.studio_country,
            email=self.studio_email,
            phone=self.studio_phone,
            website=self.studio_website,
            tax_id=self.studio_tax_id,
            bank_details=_parts(self.studio_bank_details),
            accent=self.studio_accent,
            logo=logos.data_url(self.studio_logo) if self.studio_logo else "",
            terms=self.studio_terms,
        )

    @cached_property
    def policy(self) -> StudioPolicy:
        """What the rules need of all this."""
        return StudioPolicy(
            studio=self.studio,
            sender=f"{self.studio_name} <{mailable(self.studio_email, beyond_ascii=True)}>",
            time_zone=self.time_zone,
            owner_email=self.owner_email,
            digest_hour=self.owner_digest_hour if self.owner_digest else None,
            dashboard_url=self.dashboard_url or "",
            default_language=self.default_language,
            billing_starts_on=self.billing_starts_on,
            trigger=self.trigger,
            jobs=JobFilter(
                _parts(self.job_types), _parts(self.brands), _parts(self.job_types_left_out), self.job_custom_field
            ),
            delivery_mode=self.delivery_mode,
            number_series=self.number_series,
            due_days=self.due_days,
            autopay_notice_days=self.autopay_notice_days,
            gallery_policy=self.gallery_policy,
            gallery_days=self.gallery_days,
            gallery_closes_on_refund=self.gallery_closes_on_refund,
            limits=DailyLimits(self.limit_invoices, self.limit_mails, self.limit_charges),
        )


@dataclass(frozen=True)
class Reading:
    """What could be read. `problems`: field -> what is wrong with it.

    A refused field holds its default in `settings`, or a stand-in where it has none: nothing may be done with that.
    """

    settings: Settings
    problems: dict[str, str]


def load_settings() -> Settings:
    """The settings of this process; PermanentError with one line for each that is missing or wrong."""
    reading = read_settings()
    if reading.problems:
        problems = "; ".join(refusal(field, what) for field, what in reading.problems.items())
        raise PermanentError("settings", f"Set these in the environment or in .env: {problems}.")
    return reading.settings


def read_settings() -> Reading:
    """The same, but what is refused keeps nobody from looking at the rest. PermanentError if .env is no text."""
    try:
        return Reading(Settings(), {})
    except ValidationError as error:
        problems = _problems(error)
    except (OSError, UnicodeError) as error:
        raise PermanentError("env_file", f".env cannot be read ({error}): it is text in UTF-8.") from None
    stand_ins: dict[str, Any] = {name: _stand_in(Settings.model_fields[name]) for name in problems}
    return Reading(Settings(**stand_ins), problems)


def variable(field: str) -> str:
    """The environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def refusal(field: str, what: str) -> str:
    """One refused setting as a person is told of it: its variable and what is wrong with that."""
    return f"{variable(field)} {what}" if what == _MISSING else f"{variable(field)}: {what}"


def _problems(error: ValidationError) -> dict[str, str]:
    """Every validator is one of a field, so that each problem has a variable (a test holds that)."""
    return {
        str(item["loc"][0]): _MISSING if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        for item in error.errors()
    }


def _stand_in(field: FieldInfo) -> object:
    """Of a required one a text that is an address, too, for the one that must be."""
    return "refused@northlight.example" if field.is_required() else field.default


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())
