"""The job, the client, the session and its galleries."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from vsco_records import (
    GALLERY,
    JOB,
    LANGUAGE,
    OTHER,
    PREFERENCE,
    SESSION,
    allocation,
    event,
    gallery,
    job,
    order,
    payment,
    person,
    raw,
    read,
    records,
    shared,
    ulid,
    workspace,
)

from billing.domain.errors import PermanentError
from billing.domain.sessions import JobSummary, Stage
from billing.ports.outside import RawRecord


def read_job(**fields: object) -> JobSummary:
    return workspace().read_job(raw("job", **job(**fields)), shared())


def read_gallery(**fields: object):
    return read(records(gallery=gallery(**fields))).galleries[0]


def code_of(changed_records: list[RawRecord], shared_records: list[RawRecord] | None = None) -> str:
    with pytest.raises(PermanentError) as caught:
        read(changed_records, shared_records)
    return caught.value.code


def test_a_job_is_summarised():
    found = read_job(jobTypeId=ulid(18), brandId=ulid(17), customFields=[{"fieldId": LANGUAGE, "value": "de"}])

    assert found == JobSummary(
        job_id=JOB,
        name="Portrait Ann",
        stage=Stage.FULFILLMENT,
        sample=False,
        closed=False,
        fulfilled_on=date(2026, 3, 1),
        completed_on=None,
        session_id=SESSION,
        job_type="Wedding",
        brand="North Light",
        custom_fields={"Language": "de"},
    )


def test_a_job_is_called_by_its_name_its_title_or_its_id():
    assert read_job(name="Gala\n2026").name == "Gala 2026"
    assert read_job(name=None, title=None).name == f"Job {JOB}"


def test_a_field_that_is_not_known_goes_by_its_id_and_an_empty_one_is_left_out():
    fields = [{"fieldId": OTHER, "value": "x"}, {"fieldId": LANGUAGE, "value": None}]

    assert read_job(customFields=fields).custom_fields == {OTHER: "x"}


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "done"},
        {"stage": None},
        {"fulfillmentDate": "0000-00-00"},
        {"fulfillmentDate": "2026-03-01T10:00:00Z"},
        {"primarySessionId": 7},
        {"sample": "no"},
        {"customFields": "x"},
        {"customFields": [{"value": "x"}]},
    ],
)
def test_a_malformed_job_is_refused_by_its_id(fields):
    with pytest.raises(PermanentError, match=JOB) as caught:
        read_job(**fields)

    assert caught.value.code == "malformed_record"


@pytest.mark.parametrize(
    "body", ["{", "[]", "null", '"x"', '{"total": NaN}', "[" * 100_000, '{"total": 1e99999999999999999999}']
)
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(PermanentError) as caught:
        workspace().read_job(RawRecord("job", JOB, None, body), shared())

    assert caught.value.code == "malformed_record"


def test_records_of_no_job_or_of_two_are_refused():
    assert code_of([]) == "malformed_record"
    assert code_of(records(job=[job(), job(id=OTHER)])) == "malformed_record"


def test_shared_records_without_the_studio_are_refused():
    assert code_of(records(), []) == "malformed_record"
    assert code_of(records(), shared(currencyCode="euro")) == "malformed_record"


def test_a_studio_without_a_currency_counts_dollars():
    assert read(records(), shared(currencyCode=None)).orders[0].currency == "USD"


def test_the_session_gives_times_and_place():
    address = {"name": None, "streetAddress": "Elbstrand 1", "city": "Hamburg"}

    found = read(records(event=event(location={"id": None, "address": address})))

    assert found.session_starts_at == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    assert found.session_ends_at == datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
    assert found.place == "Elbstrand 1, Hamburg"


def test_a_named_place_goes_by_its_name():
    found = read(records(event=event(location={"address": {"name": "Town hall", "city": "Hamburg"}})))

    assert found.place == "Town hall"


@pytest.mark.parametrize("location", [None, {"id": None}, {"address": {}}])
def test_a_session_may_have_no_place(location):
    assert read(records(event=event(location=location))).place is None


def test_another_event_is_not_the_session():
    found = read(records(event=event(id=OTHER)))

    assert (found.session_starts_at, found.session_ends_at, found.place) == (None, None, None)


def test_a_session_without_a_local_date_counts_by_its_start():
    assert read(records(event=event(startDate=None))).session_starts_at is not None
    assert read(records(event=event(startDate=None, startUtc=None, endUtc=None))).session_ends_at is None


TOKYO = {"timezoneName": "Asia/Tokyo", "startDate": "2026-11-30", "endDate": "2026-11-30"}
NIGHT = {"startUtc": "2026-11-29T22:00:00Z", "endUtc": "2026-11-30T02:00:00Z"}


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        (TOKYO | NIGHT, (date(2026, 11, 30), date(2026, 11, 30))),
        # Without its date an event's moment and zone tell it; without a zone only the studio can.
        (TOKYO | NIGHT | {"startDate": None, "endDate": None}, (date(2026, 11, 30), date(2026, 11, 30))),
        (NIGHT | {"startDate": None, "endDate": None}, (None, None)),
        (NIGHT | {"startDate": None, "endDate": None, "timezoneName": "Mars/Base"}, (None, None)),
        (TOKYO | NIGHT | {"endDate": "2026-11-01"}, (date(2026, 11, 30), date(2026, 11, 30))),
    ],
)
def test_the_days_of_a_session_are_those_of_its_own_clock(fields, days):
    found = read(records(event=event(**fields)))

    assert (found.session_on, found.session_ends_on) == days


@pytest.mark.parametrize(
    ("fields", "ends_at", "ends_on"),
    [
        # Its moments are midnights of nobody knows where; it is over when its last day is, there.
        (TOKYO | {"allDay": True}, datetime(2026, 11, 30, 15, tzinfo=UTC), date(2026, 11, 30)),
        (TOKYO | {"allDay": True, "endDate": None}, datetime(2026, 11, 30, 15, tzinfo=UTC), date(2026, 11, 30)),
        (TOKYO | {"allDay": True, "endDate": "2026-12-02"}, datetime(2026, 12, 2, 15, tzinfo=UTC), date(2026, 12, 2)),
        ({"startDate": "2026-11-30", "endDate": None, "allDay": True}, None, date(2026, 11, 30)),
        # A start and no end: over by the end of the day.
        (TOKYO | {"endUtc": None, "endDate": None}, datetime(2026, 11, 30, 15, tzinfo=UTC), date(2026, 11, 30)),
        ({"startDate": "2026-11-30", "endDate": None, "endUtc": None}, None, date(2026, 11, 30)),
        # Where midnight never comes the day before ends at one o'clock.
        (
            {"timezoneName": "America/Havana", "startDate": "2026-03-07", "endDate": "2026-03-07", "allDay": True},
            datetime(2026, 3, 8, 5, tzinfo=UTC),
            date(2026, 3, 7),
        ),
    ],
)
def test_a_session_of_whole_days_is_over_when_its_last_day_is(fields, ends_at, ends_on):
    found = read(records(event=event(startUtc="2026-11-30T00:00:00Z", endUtc="2026-11-30T00:00:00Z") | fields))

    assert (found.session_ends_at, found.session_ends_on) == (ends_at, ends_on)


@pytest.mark.parametrize("name", ["startDate", "endDate"])
@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_session_at_the_end_of_the_calendar_is_refused(name, year):
    assert code_of(records(event=event(**{name: f"{year}-12-31"}))) == "malformed_record"
    moment = {name.replace("Date", "Utc"): f"{year}-12-31T23:00:00Z"}
    assert code_of(records(event=event(**moment))) == "malformed_record"


def test_a_payment_is_a_retainer_by_the_sessions_own_day():
    tokyo = event(**TOKYO | NIGHT | {"startDate": None, "endDate": None})
    paid = payment(received="2026-11-29")
    sold = order(paymentAllocations=[allocation()])

    assert read(records(event=tokyo, payment=paid, order=sold)).orders[0].payments[0].is_retainer


@pytest.mark.parametrize("moment", ["soon", 7, "0001-01-01T00:00:00+14:00"])
def test_a_session_at_no_moment_in_time_is_refused(moment):
    assert code_of(records(event=event(startUtc=moment))) == "malformed_record"


@pytest.mark.parametrize(
    ("said", "preference"),
    [
        ("Autopay", "autopay"),
        ("auto-pay", "autopay"),
        ("Card on file", "autopay"),
        ("true", "autopay"),
        ("Invoice", "invoice"),
        ("Pay link", "invoice"),
        ("0", "invoice"),
        ("cheque", None),
        (None, None),
    ],
)
def test_the_preference_is_read_from_its_field(said, preference):
    found = read(records(job=job(customFields=[{"fieldId": PREFERENCE, "value": said}])))

    assert found.collection_preference == preference


def test_the_jobs_preference_comes_before_the_clients():
    client = person(customFields=[{"fieldId": PREFERENCE, "value": "autopay"}])
    on_job = job(customFields=[{"fieldId": PREFERENCE, "value": "invoice"}])

    assert read(records(contact=client)).collection_preference == "autopay"
    assert read(records(contact=client, job=on_job)).collection_preference == "invoice"


def test_the_names_of_the_fields_are_settings():
    found = read(
        records(contact=person(customFields=[{"fieldId": PREFERENCE, "value": "de"}])),
        language_field="Billing preference",
    )

    assert found.client.language == "de"


def test_a_gallery_of_vsco_goes_by_its_own_id():
    found = read_gallery(headline="Ann's photos")

    assert (found.host, found.gallery_id) == ("vsco", GALLERY)
    assert (found.name, found.url, found.status) == ("Ann's photos", "https://galleries.example/ann", "pre-release")


@pytest.mark.parametrize("url", ["https://northlight.pixieset.com/a/", "http://PIXIESET.com/a"])
def test_a_gallery_at_pixieset_goes_by_its_collection(url):
    found = read_gallery(clientUrl=url, remoteId="40000001")

    assert (found.host, found.gallery_id) == ("pixieset", "40000001")


def test_a_gallery_at_pixieset_without_a_collection_keeps_its_id():
    assert read_gallery(clientUrl="https://a.pixieset.com/a", remoteId=None).gallery_id == GALLERY


def test_a_host_that_only_ends_alike_is_not_pixieset():
    assert read_gallery(clientUrl="https://notpixieset.com/a").host == "vsco"


def test_more_hosts_can_be_set():
    found = read(records(gallery=gallery()), gallery_hosts={"galleries.example": "manual"})

    assert found.galleries[0].host == "manual"


def test_a_hidden_gallery_is_left_out():
    assert read(records(gallery=gallery(hidden=True))).galleries == ()


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "https://", "https://[", "https://a.example/ x", "file:///etc/passwd"]
)
def test_a_gallery_without_a_web_address_is_refused(url):
    assert code_of(records(gallery=gallery(clientUrl=url))) == "malformed_record"


def test_reading_the_same_records_in_another_order_gives_the_same_facts():
    found = records(gallery=[gallery(), gallery(id=OTHER)])

    assert read(found) == read(found[::-1])


def test_the_same_shared_records_are_indexed_once():
    known = shared()
    workspace().read_job(raw("job", **job()), known)

    broken = RawRecord(
        known[0].kind, known[0].source_id, known[0].modified_at, json.dumps({"id": "x", "currencyCode": 1})
    )
    with pytest.raises(PermanentError):
        workspace().read_job(raw("job", **job()), [broken])
    assert workspace().read_job(raw("job", **job()), known).job_id == JOB
