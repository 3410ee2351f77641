"""The sandbox's controls: clock, faults, latency, settings, completing a session, and the oracle's sums."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.sandbox import oracle
from billing.sandbox.mail import Mailbox
from billing.sandbox.sessions import complete_session


def test_the_sandbox_is_healthy(world: Any) -> None:
    assert world.http.get("/health").json() == {"status": "ok"}


def test_the_clock_is_read_frozen_advanced_released_and_set(world: Any) -> None:
    assert world.http.get("/sandbox/clock").json() == {"now": "2026-03-02T09:00:00+00:00", "frozen": True}
    advanced = world.control("/clock", {"advance_seconds": 90}).json()
    assert advanced["now"] == "2026-03-02T09:01:30+00:00"
    frozen = world.control("/clock", {"freeze": "2026-04-01T00:00:00"}).json()
    assert frozen == {"now": "2026-04-01T00:00:00+00:00", "frozen": True}
    released = world.control("/clock", {"release": True}).json()
    assert released["frozen"] is False
    assert released["now"].startswith("2026-04-01T00:00:0")
    moved = world.control("/clock", {"now": "2027-01-01T12:00:00+01:00"}).json()
    assert moved["now"].startswith("2027-01-01T11:00:0")
    world.control("/clock", {"advance_seconds": 3600})
    assert world.clock.now() - datetime(2027, 1, 1, 12, tzinfo=UTC) < timedelta(minutes=1)
    assert world.clock.timestamp() >= int(datetime(2027, 1, 1, 12, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", {}),
        ("/clock", {"freeze": "tomorrow"}),
        ("/clock", []),
        ("/clock", {"advance_seconds": "x"}),
        ("/clock", {"advance_seconds": 1e300}),
        ("/faults", {"target": "vsco", "kind": "429", "times": "x"}),
        ("/faults", {"target": "vsco", "kind": "429", "times": True}),
        ("/faults", {"target": "vsco", "kind": "429", "delay_seconds": -1}),
        ("/faults", {"target": "vsco", "kind": "429", "method": 5}),
        ("/faults", {"target": "vsco", "kind": "429", "colour": "red"}),
        ("/faults", {"target": "smtp", "kind": "greylist", "times": "x"}),
        ("/seed", {"sessions": -1}),
        ("/backlog", {}),
        ("/faults", {"target": "vsco", "kind": "earthquake"}),
        ("/faults", {"target": "moon", "kind": "reset"}),
        ("/faults", {"target": "smtp", "kind": "reset"}),
        ("/latency", {"target": "vsco", "seconds": -1}),
        ("/latency", {"target": "smtp", "seconds": 1}),
        ("/latency", {"target": "vsco", "seconds": "1"}),
        ("/settings", {"colour": "blue"}),
        ("/settings", {"money_scale": "pounds"}),
        ("/sessions/complete", {"job_id": "none"}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_sentence(world: Any, path: str, body: Any) -> None:
    answer = world.control(path, body)

    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10


def test_an_order_that_is_no_json_is_refused(world: Any) -> None:
    assert world.http.post("/sandbox/clock", content="{").status_code == 400


def test_completing_a_session_moves_it_to_fulfillment_once(world: Any) -> None:
    job = next(job for job in world.plan.jobs if job.completes_on)
    world.clock.advance(timedelta(days=1))

    answer = world.control("/sessions/complete", {"job_id": job.id})

    assert answer.json() == {"job_id": job.id, "stage": "fulfillment", "fulfillment_date": "2026-03-03"}
    world.clock.advance(timedelta(days=1))
    again = complete_session(world.store, world.clock, job.id)
    assert (again["fulfillmentDate"], again["modified"]) == ("2026-03-03", "2026-03-03T09:00:00Z")


def planned_after(world: Any, job_id: str, day: str) -> list[Any]:
    return [event for event in world.store.newest("vsco.event", job_id) if event["startDate"] > day]


def test_a_session_that_is_completed_before_its_day_took_place_today(world: Any) -> None:
    jobs = [job.id for job in world.plan.jobs if job.completes_on]
    [before] = next(found for id_ in jobs if (found := planned_after(world, id_, "2026-03-02")))
    job_id = before["jobId"]

    world.control("/sessions/complete", {"job_id": job_id})

    [event] = world.store.newest("vsco.event", job_id)
    assert before["startDate"] > "2026-03-02" == event["startDate"]
    assert event["startUtc"] < event["endUtc"]
    assert (event["startTime"], event["endTime"]) == (before["startTime"], before["endTime"])
    assert world.store.get("vsco.job", job_id)["eventDate"] == "2026-03-02"


def test_a_studio_and_a_backlog_can_be_ordered_from_outside(world: Any) -> None:
    seeded = world.control("/seed", {"sessions": 2, "seed": 4})
    backlog = world.control("/backlog", {"count": 3})

    assert (seeded.status_code, backlog.status_code) == (201, 201)
    assert seeded.json() == world.http.get("/sandbox/plan").json()
    stages = [world.store.get("vsco.job", id_)["stage"] for id_ in backlog.json()["job_ids"]]
    assert stages == ["fulfillment"] * 3


def test_faults_can_be_listed_and_taken_back(world: Any) -> None:
    world.control("/faults", {"target": "vsco", "kind": "429", "times": 3})
    world.control("/faults", {"target": "smtp", "kind": "bounce", "address": "X@example.org"})

    listed = world.http.get("/sandbox/faults").json()

    assert [fault["times"] for fault in listed["vsco"]] == [3]
    assert listed["smtp"][0]["address"] == "x@example.org"
    assert world.http.delete("/sandbox/faults").json() == {"vsco": [], "pixieset": [], "smtp": []}


def test_mails_can_be_read_as_json(world: Any) -> None:
    box = Mailbox(world.store, world.clock)
    box.accept("s@example.org", ["Anna@example.org"], b"Subject: One\r\n\r\nHello")
    box.accept("s@example.org", ["ben@example.org"], b"Subject: Two\r\n\r\nHello")

    everyone = world.http.get("/sandbox/mails").json()["mails"]
    annas = world.http.get("/sandbox/mails?to=anna@example.org").json()["mails"]

    assert [row["subject"] for row in everyone] == ["Two", "One"]
    assert [row["subject"] for row in annas] == ["One"]
    assert "Hello" in world.http.get(f"/sandbox/mails/{annas[0]['id']}").json()["text"]
    assert world.http.get("/sandbox/mails/99").status_code == 404


def test_the_plan_is_there_for_whoever_drives_the_demo(world: Any) -> None:
    plan = world.http.get("/sandbox/plan").json()

    assert type(world.plan).from_json(plan) == world.plan
    world.store.delete("sandbox.plan", "plan")
    assert world.http.get("/sandbox/plan").status_code == 404


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Your invoice 2026-0042 from North Light: 1,240.00 EUR", "Your invoice"),
        ("Invoice: 7", "Invoice"),
        ("2026", ""),
        ("A rather long subject that has no number", "A rather long subject that"),
    ],
)
def test_a_subject_is_counted_by_its_words_before_the_first_number(subject: str, kind: str) -> None:
    assert oracle.subject_kind(subject) == kind


def test_the_oracle_sums_money_mails_and_grants(world: Any) -> None:
    record = world.store.record_effect
    record("stripe.charge_succeeded", "ch_1", "now", {"amount": 500, "currency": "eur"})
    record("stripe.charge_succeeded", "ch_2", "now", {"amount": 700, "currency": "usd"})
    for before, after in (("pre-release", "active"), ("active", "active"), ("active", "archived")):
        record("vsco.gallery_updated", "g1", "now", {"before": before, "after": after})
    record("vsco.gallery_updated", "g2", "now", {"before": "inactive", "after": "archived"})
    for _ in range(2):
        record("vsco.gallery_updated", "g3", "now", {"before": "pre-release", "after": "active"})
        record("mail.accepted", "<a@b>", "now", {"subject": "Your invoice 1", "to": []})

    answer = world.http.get("/sandbox/oracle").json()

    assert answer["counts"]["stripe.charge_succeeded"] == 2
    assert answer["charges"] == {"succeeded": 2, "amount": 1200, "subjects_charged_more_than_once": []}
    assert answer["amounts"] == {"stripe.charge_succeeded": {"eur": 500, "usd": 700}}
    assert answer["mails"] == {
        "accepted": 2,
        "by_subject_kind": {"Your invoice": 2},
        "duplicate_message_ids": ["<a@b>"],
    }
    assert answer["grants"] == {"opened": 3, "closed": 1, "open_now": ["g3"], "opened_more_than_once": ["g3"]}
    only = world.http.get("/sandbox/effects", params={"kind": "mail.accepted"}).json()["effects"]
    assert len(only) == 2
