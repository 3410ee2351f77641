"""Paging, sorting and filters: what a poller can rely on, and what it cannot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.sandbox.seed import add_backlog


def _ids(world: Any, path: str = "/job", **params: Any) -> list[str]:
    answer = world.vsco("GET", path, params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def _touch(world: Any, job_id: str, **body: Any) -> None:
    world.clock.advance(timedelta(seconds=1))
    assert world.vsco("PUT", f"/job/{job_id}", json=body or {"pinned": True}).status_code == 200


def test_pages_cover_the_list_without_overlap(world: Any) -> None:
    whole = _ids(world, sortBy="modified desc")

    pages = [_ids(world, sortBy="modified desc", page=page, pageSize=10) for page in range(1, 6)]

    assert [id_ for page in pages for id_ in page] == whole
    meta = world.vsco("GET", "/job", params={"page": 2, "pageSize": 10}).json()["meta"]
    assert meta == {"currentPage": 2, "totalPages": 5, "totalItems": len(whole), "rows": 10}
    assert _ids(world, page=9, pageSize=10) == []


def test_the_newest_change_comes_first(world: Any) -> None:
    oldest = _ids(world, sortBy="modified asc")[5]

    _touch(world, oldest)

    assert _ids(world, sortBy="modified desc")[0] == oldest
    assert _ids(world, sortBy="modified")[-1] == oldest


def test_closed_jobs_are_listed_only_when_asked_for(world: Any) -> None:
    closed = world.plan.jobs[3].id
    _touch(world, closed, closed=True)

    assert world.vsco("GET", f"/job/{closed}").json()["closedDate"] == "2026-03-02"
    assert closed not in _ids(world)
    assert closed not in _ids(world, includeClosed="false")
    assert closed in _ids(world, includeClosed="true")


def test_filters_keep_what_belongs_to_a_job_or_contact(world: Any) -> None:
    job = world.plan.difficult("two_clients")

    links = world.vsco("GET", "/job-contact", params={"jobId": job.id}).json()["items"]

    assert len(links) == 2
    assert {link["jobId"] for link in links} == {job.id}
    assert _ids(world, "/job-contact", contactId=job.contact_id) == [links[0]["id"]]
    client = world.plan.client_of(job)
    assert _ids(world, "/address-book", email=client.email) == [client.contact_id]
    assert len(_ids(world, "/custom-field", canApplyTo="contact")) == 2
    assert len(_ids(world, "/timezone", search="Europe/Dublin")) == 1


def test_a_contact_is_shown_with_its_notes(world: Any) -> None:
    contact_id = world.plan.jobs[0].contact_id
    world.vsco("POST", "/note", json={"contentHtml": "Prefers calls", "contactId": contact_id})

    notes = world.vsco("GET", f"/address-book/{contact_id}").json()["notes"]

    assert [note["contentHtml"] for note in notes] == ["Prefers calls"]


@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"},
        {"page": "x"},
        {"page": "²"},
        {"pageSize": "9"},
        {"pageSize": "101"},
        {"pageSize": "-10"},
        {"page": "9" * 40},
        {"sortBy": "modified down"},
        {"sortBy": "password"},
        {"sortBy": ""},
        {"includeClosed": "maybe"},
    ],
)
def test_a_query_outside_the_specification_is_refused(world: Any, params: dict[str, str]) -> None:
    answer = world.vsco("GET", "/job", params=params)

    assert answer.status_code == 400
    assert answer.json()["type"] == "validation-error"
    assert list(answer.json()["detail"]) == [next(iter(params))]


def test_an_edit_between_two_pages_shifts_every_later_item_by_one(world: Any) -> None:
    before = _ids(world, sortBy="modified desc")
    world.clock.advance(timedelta(seconds=5))
    world.control("/faults", {"target": "vsco", "kind": "shifting_page", "path_prefix": "/job"})

    first = _ids(world, sortBy="modified desc", pageSize=10, page=1)
    second = _ids(world, sortBy="modified desc", pageSize=10, page=2)

    assert first == before[:10]
    assert second[0] == first[-1], "the last item of page one is read twice"
    moved = _ids(world, sortBy="modified desc")[0]
    assert moved not in first + second, "and the edited one is on neither page"


def test_a_shifting_page_on_an_empty_list_changes_nothing(world: Any) -> None:
    world.control("/faults", {"target": "vsco", "kind": "shifting_page", "path_prefix": "/note"})

    assert _ids(world, "/note") == []


def test_a_sandbox_without_a_studio_says_so(world: Any) -> None:
    for studio in world.store.newest("vsco.studio"):
        world.store.delete("vsco.studio", studio["id"])

    assert world.vsco("GET", "/studio/me").status_code == 404


def test_a_backlog_is_fulfilled_and_unpaid(world: Any) -> None:
    jobs = add_backlog(world.store, world.clock, 120)

    assert len({job.id for job in jobs}) == 120
    assert all(job.balance_minor == job.total_minor > 0 for job in jobs)
    listed = world.vsco("GET", "/job", params={"sortBy": "modified desc", "pageSize": 100}).json()
    assert {job["stage"] for job in listed["items"]} == {"fulfillment"}
    assert listed["meta"]["totalPages"] == 2
