"""Collecting one job's records over a line that knows a whole studio."""

from __future__ import annotations

import re

import httpx
import pytest
from vsco_records import (
    CLIENT,
    GALLERY,
    JOB,
    LINK,
    ORDER,
    OTHER,
    PAYMENT,
    SESSION,
    allocation,
    event,
    gallery,
    job,
    job_contact,
    order,
    payment,
    person,
    studio,
    ulid,
    workspace,
)
from vsco_studio_line import StudioLine

from billing.domain.errors import PermanentError, TemporaryError


def test_everything_of_the_job_is_collected():
    assert StudioLine().collected() == {
        "job": [JOB],
        "order": [ORDER],
        "payment": [PAYMENT],
        "job-contact": [LINK],
        "contact": [CLIENT],
        "event": [SESSION],
        "gallery": [GALLERY],
    }


def test_a_gallerys_password_is_not_kept():
    records = workspace(StudioLine()).related_records(JOB).records

    assert "open-sesame" not in "".join(record.body for record in records)


def test_galleries_of_other_jobs_are_left_out_and_those_of_its_events_taken():
    line = StudioLine(gallery=[gallery(id=OTHER, jobId=OTHER), gallery(id=ulid(70), jobId=None)])
    line.lists["/event"] = [event(galleryId=ulid(70))]

    assert line.collected()["gallery"] == [ulid(70)]


def test_a_gallery_of_an_event_that_the_list_does_not_show_is_asked_for():
    line = StudioLine(gallery=[])
    line.lists["/event"] = [event(galleryId=GALLERY)]
    line.objects[f"/gallery/{GALLERY}"] = gallery()

    assert line.collected()["gallery"] == [GALLERY]


def test_the_list_of_galleries_is_read_no_further_than_the_job_is_old():
    rows = [
        gallery(id=ulid(100 + number), jobId=OTHER, modified=f"2025-12-{30 - number}T00:00:00Z") for number in range(9)
    ]
    line = StudioLine(gallery=rows)

    line.collected(page_size=3)

    assert line.asked.count("/gallery") == 1


def test_a_school_of_subjects_is_not_read_contact_by_contact():
    crowd = [
        job_contact(id=ulid(200 + n), contactId=ulid(300 + n), client=False, roleKinds=["subject"]) for n in range(50)
    ]
    line = StudioLine(job_contact=[*crowd, job_contact()])

    assert line.collected()["contact"] == [CLIENT]


@pytest.mark.parametrize("kinds", [None, "team", ["team"], ["customer"]])
def test_team_and_clients_are_read_and_so_is_who_has_no_kind(kinds):
    line = StudioLine(job_contact=[job_contact(client=None, roleKinds=kinds)])
    line.lists[f"/job/{JOB}/order"] = []

    assert line.collected()["contact"] == [CLIENT]


def test_a_recipient_who_is_no_contact_of_the_job_is_read_too():
    line = StudioLine()
    line.lists[f"/job/{JOB}/order"] = [order(recipientId=OTHER)]
    line.objects[f"/address-book/{OTHER}"] = person(id=OTHER)

    assert line.collected()["contact"] == [CLIENT, OTHER]


def test_a_recipient_named_by_the_job_contact_is_read_through_it():
    line = StudioLine(job_contact=[job_contact(client=False, roleKinds=["subject"])])
    line.lists[f"/job/{JOB}/order"] = [order(recipientId=LINK)]

    assert line.collected()["contact"] == [CLIENT]


def test_a_contact_who_is_gone_is_left_out():
    line = StudioLine()
    del line.objects[f"/address-book/{CLIENT}"]

    assert "contact" not in line.collected()


def test_an_object_without_an_id_is_left_out():
    line = StudioLine()
    line.objects[f"/address-book/{CLIENT}"] = {"kind": "person"}

    assert "contact" not in line.collected()


def test_a_payment_from_another_job_that_pays_this_order_is_read_too():
    line = StudioLine()
    line.lists[f"/job/{JOB}/order"] = [order(paymentAllocations=[allocation(paymentId=OTHER), "odd", {"paymentId": 1}])]
    line.objects[f"/payment/{OTHER}"] = payment(id=OTHER, jobId=None)

    assert line.collected()["payment"] == [PAYMENT, OTHER]


def test_a_session_that_the_list_does_not_show_is_asked_for():
    line = StudioLine(event=[])
    line.objects[f"/event/{SESSION}"] = event()

    assert line.collected()["event"] == [SESSION]


def test_a_job_that_is_gone_is_not_found():
    line = StudioLine()
    line.objects.clear()

    with pytest.raises(PermanentError) as caught:
        line.collected()

    assert caught.value.code == "vsco_not_found"


def test_an_answer_about_another_job_is_refused():
    line = StudioLine()
    line.objects[f"/job/{JOB}"] = job(id=OTHER)

    with pytest.raises(PermanentError) as caught:
        line.collected()

    assert caught.value.code == "malformed_record"


def test_a_refusal_other_than_404_is_passed_on():
    line = StudioLine()

    def closed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403) if re.search("address-book", request.url.path) else line(request)

    with pytest.raises(PermanentError) as caught:
        workspace(closed).related_records(JOB)

    assert caught.value.code == "vsco_forbidden"


def test_half_a_job_is_never_returned():
    line = StudioLine()

    def breaking(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if request.url.path.endswith("/event") else line(request)

    with pytest.raises(TemporaryError):
        workspace(breaking).related_records(JOB)


def test_a_studio_without_an_id_is_refused():
    with pytest.raises(PermanentError) as caught:
        workspace(lambda request: httpx.Response(200, json=studio(id=None))).shared_records()

    assert caught.value.code == "malformed_record"
