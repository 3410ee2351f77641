"""What the studio decides once: when a session counts as completed, whom to bill how, and where to stop and ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from billing.domain.dunning import DEFAULT_POLICY, DunningPolicy
from billing.domain.invoices import Collection, Studio
from billing.domain.payments import SavedMethod
from billing.domain.sessions import JobSummary, SessionFacts, Stage

MORNING_HOUR = 8  # nobody wants a reminder that was sent in the night


class Trigger(StrEnum):
    """When a session counts as completed. Waiting for `completed` would bill what is paid already."""

    FULFILLMENT = "fulfillment"
    SESSION_ENDED = "session_ended"
    COMPLETED = "completed"


class DeliveryMode(StrEnum):
    """`review`: invoices wait as drafts for a person. `automatic`: they go out by themselves."""

    REVIEW = "review"
    AUTOMATIC = "automatic"


class GalleryPolicy(StrEnum):
    """When the client gets the gallery."""

    PAID_IN_FULL = "paid_in_full"
    INVOICED = "invoiced"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class DailyLimits:
    """Work beyond these stops and asks instead of going on. Counted in the studio's day."""

    invoices: int = 200
    mails: int = 1000
    charges: int = 200


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are let in. Empty means all. `custom_field` is "name=value"."""

    job_types: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    left_out_job_types: tuple[str, ...] = ()
    custom_field: str | None = None


@dataclass(frozen=True, slots=True)
class StudioPolicy:
    """All that the rules need to know of the studio. Days are counted in `time_zone`."""

    studio: Studio
    sender: str
    time_zone: str = "UTC"
    owner_email: str = ""
    default_language: str = "en"
    billing_starts_on: date | None = None
    trigger: Trigger = Trigger.FULFILLMENT
    session_grace: timedelta = timedelta(hours=2)
    jobs: JobFilter = field(default_factory=JobFilter)
    delivery_mode: DeliveryMode = DeliveryMode.REVIEW
    number_series: str = "INV-{year}-"
    due_days: int = 14
    autopay_notice_days: int = 3
    gallery_policy: GalleryPolicy = GalleryPolicy.PAID_IN_FULL
    gallery_days: int = 90
    gallery_closes_on_refund: bool = True
    digest_hour: int | None = 7  # of the owner's morning mail; None: there is none
    dashboard_url: str = ""
    limits: DailyLimits = field(default_factory=DailyLimits)
    dunning: DunningPolicy = DEFAULT_POLICY

    def day_of(self, instant: datetime) -> date:
        """The studio's calendar day of an instant."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def local(self, instant: datetime) -> datetime:
        """The same instant by the studio's clock."""
        return instant.astimezone(ZoneInfo(self.time_zone))

    def in_words(self, instant: datetime) -> str:
        """By the studio's clock, for a sentence of ours: "14:05 on 3 March 2026"."""
        local = self.local(instant)
        return f"{local:%H:%M} on {local.day} {local:%B %Y}"

    def day_starts_at(self, instant: datetime) -> datetime:
        """The first moment, in UTC, of the studio's day that the instant falls in."""
        return self.first_moment_of(self.day_of(instant))

    def first_moment_of(self, day: date) -> datetime:
        """In UTC, in the studio's time zone: the first midnight where it comes twice, and what follows it where never.

        Python counts a time that comes twice as its first, and one that never comes by the offset before the gap:
        its first moment, as gaps begin at midnight where they hold it.
        """
        return datetime.combine(day, time(), ZoneInfo(self.time_zone)).astimezone(UTC)

    def days_until_due(self, on_autopay: bool) -> int:
        """From the day of issue; on autopay the card is charged on the day on which the invoice is due."""
        return self.autopay_notice_days if on_autopay else self.due_days

    def morning_of(self, day: date) -> datetime:
        """From when on, in UTC, the studio writes to its clients on that day, and charges their cards."""
        return datetime.combine(day, time(MORNING_HOUR), ZoneInfo(self.time_zone)).astimezone(UTC)

    def digest_at(self, day: date) -> datetime:
        """From when on, in UTC, the owner's morning mail of that day is due, where there is one."""
        return datetime.combine(day, time(self.digest_hour or 0), ZoneInfo(self.time_zone)).astimezone(UTC)

    def series_on(self, day: date) -> str:
        return self.number_series.replace("{year}", str(day.year))


def why_left_out(job: JobSummary, jobs: JobFilter) -> str | None:
    """The reason for which this job is not billed, or None when it is let in."""
    if job.sample:
        return "a sample job"
    if jobs.job_types and job.job_type not in jobs.job_types:
        return f"job type {job.job_type or 'none'} is not among those let in"
    if job.job_type in jobs.left_out_job_types:
        return f"job type {job.job_type} is left out"
    if jobs.brands and job.brand not in jobs.brands:
        return f"brand {job.brand or 'none'} is not among those let in"
    if jobs.custom_field:
        name, _, wanted = jobs.custom_field.partition("=")
        if job.custom_fields.get(name) != wanted:
            return f"custom field {name} is not {wanted}"
    return None


def completed_on(job: JobSummary, trigger: Trigger) -> date | None:
    """The day on which the job's own stage says that the session was completed; None if not (yet).

    VSCO Workspace sets `fulfillmentDate` when the job reaches fulfillment and `completedDate` when it is completed.
    A job that jumped straight to completed has passed fulfillment too.
    """
    if trigger is Trigger.COMPLETED:
        return job.completed_on if job.stage is Stage.COMPLETED else None
    if trigger is Trigger.FULFILLMENT and job.stage in (Stage.FULFILLMENT, Stage.COMPLETED):
        return job.fulfilled_on or job.completed_on
    return None


def session_end(facts: SessionFacts, policy: StudioPolicy) -> tuple[datetime, date] | None:
    """The moment at which the session is over, and its last day by its own clock; None if nothing says.

    One that lasts all day, or of which only the day is known, is over when the studio's day is.
    """
    ends_at, ends_on = facts.session_ends_at, facts.session_ends_on
    if ends_at is None and ends_on is not None:
        ends_at = policy.first_moment_of(ends_on + timedelta(days=1))
    return None if ends_at is None else (ends_at, ends_on or policy.day_of(ends_at))


def decide_collection(preference: str | None, consent: SavedMethod | None) -> Collection:
    """Autopay only by preference and with a recorded consent; without a consent nobody is charged."""
    if consent is not None and preference == Collection.AUTOPAY:
        return Collection.AUTOPAY
    return Collection.INVOICE
