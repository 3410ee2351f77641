"""Which jobs are billed, when, and how; and what day it is in the studio."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing.domain.invoices import Collection, Studio
from billing.domain.payments import SavedMethod
from billing.domain.policy import (
    JobFilter,
    StudioPolicy,
    Trigger,
    completed_on,
    decide_collection,
    session_end,
    why_left_out,
)
from billing.domain.sessions import Client, JobSummary, SessionFacts, Stage

JOB = JobSummary(
    job_id="j1",
    name="Wedding",
    stage=Stage.BOOKED,
    sample=False,
    closed=False,
    fulfilled_on=None,
    completed_on=None,
    session_id="s1",
    job_type="Wedding",
    brand="North",
    custom_fields={"bill": "yes"},
)
STUDIO = Studio("North Light", (), "DE", "studio@northlight.example")
FULFILLED, COMPLETED = date(2026, 3, 1), date(2026, 4, 1)


@pytest.mark.parametrize(
    ("jobs", "reason"),
    [
        (JobFilter(), None),
        (JobFilter(job_types=("Wedding",)), None),
        (JobFilter(job_types=("Portrait",)), "job type Wedding is not among those let in"),
        (JobFilter(left_out_job_types=("Wedding",)), "job type Wedding is left out"),
        (JobFilter(brands=("North",)), None),
        (JobFilter(brands=("South",)), "brand North is not among those let in"),
        (JobFilter(custom_field="bill=yes"), None),
        (JobFilter(custom_field="bill=no"), "custom field bill is not no"),
        (JobFilter(custom_field="absent=yes"), "custom field absent is not yes"),
    ],
)
def test_a_job_is_left_out_for_a_reason_that_is_told(jobs: JobFilter, reason: str | None) -> None:
    assert why_left_out(JOB, jobs) == reason


def test_a_sample_job_and_a_nameless_type_or_brand_are_left_out() -> None:
    bare = replace(JOB, job_type=None, brand=None)

    assert why_left_out(replace(JOB, sample=True), JobFilter()) == "a sample job"
    assert why_left_out(bare, JobFilter(job_types=("Wedding",))) == "job type none is not among those let in"
    assert why_left_out(bare, JobFilter(brands=("North",))) == "brand none is not among those let in"


@pytest.mark.parametrize(
    ("stage", "fulfilled", "completed", "trigger", "day"),
    [
        (Stage.LEAD, None, None, Trigger.FULFILLMENT, None),
        (Stage.BOOKED, FULFILLED, None, Trigger.FULFILLMENT, None),
        (Stage.FULFILLMENT, FULFILLED, None, Trigger.FULFILLMENT, FULFILLED),
        (Stage.COMPLETED, FULFILLED, COMPLETED, Trigger.FULFILLMENT, FULFILLED),
        (Stage.COMPLETED, None, COMPLETED, Trigger.FULFILLMENT, COMPLETED),
        (Stage.FULFILLMENT, FULFILLED, None, Trigger.COMPLETED, None),
        (Stage.COMPLETED, FULFILLED, COMPLETED, Trigger.COMPLETED, COMPLETED),
        (Stage.COMPLETED, FULFILLED, COMPLETED, Trigger.SESSION_ENDED, None),
    ],
)
def test_the_day_of_completion_follows_from_stage_and_trigger(
    stage: Stage, fulfilled: date | None, completed: date | None, trigger: Trigger, day: date | None
) -> None:
    job = replace(JOB, stage=stage, fulfilled_on=fulfilled, completed_on=completed)

    assert completed_on(job, trigger) == day


CONSENT = SavedMethod("c1", "cus_1", "pm_1", "Visa ending 4242", "v1", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("preference", "consent", "collection"),
    [
        ("autopay", CONSENT, Collection.AUTOPAY),
        ("autopay", None, Collection.INVOICE),
        ("invoice", CONSENT, Collection.INVOICE),
        (None, CONSENT, Collection.INVOICE),
        ("AUTOPAY please", CONSENT, Collection.INVOICE),
    ],
)
def test_nobody_is_charged_without_both_a_preference_and_a_consent(
    preference: str | None, consent: SavedMethod | None, collection: Collection
) -> None:
    assert decide_collection(preference, consent) is collection


@pytest.mark.parametrize(
    ("zone", "instant", "day", "starts_at"),
    [
        ("UTC", "2026-03-01T23:59:59+00:00", date(2026, 3, 1), "2026-03-01T00:00:00+00:00"),
        ("Europe/Berlin", "2026-03-01T23:30:00+00:00", date(2026, 3, 2), "2026-03-01T23:00:00+00:00"),
        ("America/Los_Angeles", "2026-03-02T07:30:00+00:00", date(2026, 3, 1), "2026-03-01T08:00:00+00:00"),
        # The night the clocks go forward: the day begins in winter time and ends in summer time.
        ("Europe/Berlin", "2026-03-29T12:00:00+00:00", date(2026, 3, 29), "2026-03-28T23:00:00+00:00"),
        # Midnight comes twice, and the day begins with the first one, whether it is the first, the second or later.
        ("America/Havana", "2026-11-01T04:30:00+00:00", date(2026, 11, 1), "2026-11-01T04:00:00+00:00"),
        ("America/Havana", "2026-11-01T05:30:00+00:00", date(2026, 11, 1), "2026-11-01T04:00:00+00:00"),
        ("America/Havana", "2026-11-01T18:00:00+00:00", date(2026, 11, 1), "2026-11-01T04:00:00+00:00"),
        # Midnight never comes: the day begins at one o'clock.
        ("America/Havana", "2026-03-08T18:00:00+00:00", date(2026, 3, 8), "2026-03-08T05:00:00+00:00"),
        ("Africa/Cairo", "2026-04-24T12:00:00+00:00", date(2026, 4, 24), "2026-04-23T22:00:00+00:00"),
        ("America/Santiago", "2026-09-06T15:00:00+00:00", date(2026, 9, 6), "2026-09-06T04:00:00+00:00"),
    ],
)
def test_the_studios_day_is_that_of_its_time_zone(zone: str, instant: str, day: date, starts_at: str) -> None:
    policy = StudioPolicy(STUDIO, "North Light <studio@northlight.example>", time_zone=zone)
    at = datetime.fromisoformat(instant)

    assert policy.day_of(at) == day
    assert policy.day_starts_at(at) == datetime.fromisoformat(starts_at)


@pytest.mark.parametrize("zone", ["America/Havana", "Africa/Cairo", "Asia/Beirut", "America/Nuuk", "Pacific/Chatham"])
def test_the_first_moment_of_a_day_is_on_it_and_the_one_before_is_not(zone: str) -> None:
    policy = StudioPolicy(STUDIO, "x", time_zone=zone)

    for day in (date(2026, 1, 1) + timedelta(days=count) for count in range(730)):
        starts_at = policy.first_moment_of(day)
        assert policy.day_of(starts_at) == day
        assert policy.day_of(starts_at - timedelta(microseconds=1)) == day - timedelta(days=1)
        assert policy.day_starts_at(starts_at + timedelta(minutes=90)) == starts_at


ENDS_AT = datetime(2026, 12, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        # A moment without a day of its own counts by the studio's clock; with one, by its own.
        ({"session_ends_at": ENDS_AT}, (ENDS_AT, date(2026, 11, 30))),
        ({"session_ends_at": ENDS_AT, "session_ends_on": date(2026, 12, 1)}, (ENDS_AT, date(2026, 12, 1))),
        # Of one that lasts all day only the day is known: it is over when the studio's day is.
        ({"session_ends_on": date(2026, 11, 30)}, (datetime(2026, 12, 1, 8, tzinfo=UTC), date(2026, 11, 30))),
        ({}, None),
    ],
)
def test_a_session_ends_at_a_moment_and_on_a_day(facts: dict[str, Any], end: tuple[datetime, date] | None) -> None:
    policy = StudioPolicy(STUDIO, "x", time_zone="America/Los_Angeles")
    client = Client("c1", "Ada", ())

    assert session_end(SessionFacts(JOB, client, (), **facts), policy) == end


def test_a_number_series_holds_the_year_only_where_the_studio_wants_it() -> None:
    policy = StudioPolicy(STUDIO, "x")

    assert policy.series_on(date(2026, 12, 31)) == "INV-2026-"
    assert replace(policy, number_series="NL-").series_on(date(2026, 12, 31)) == "NL-"
