"""Absurd lengths and counts in what is read: shown in short and said, or refused where a cut would change a meaning."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import httpx
import pytest
from vsco_records import (
    ADDRESS,
    GALLERY,
    JOB,
    WHOLE,
    allocation,
    gallery,
    job,
    line,
    order,
    payment,
    person,
    read,
    records,
    ulid,
    workspace,
)
from vsco_studio_line import StudioLine

from billing.adapters.vsco import VscoGalleries
from billing.domain import canonical
from billing.domain.errors import PermanentError
from billing.domain.lengths import (
    ADDRESS_LINES_MAX,
    NAME_MAX,
    ORDER_LINES_MAX,
    PARTS_MAX,
    RAW_TEXT_MAX,
    TEXT_MAX,
    shortened,
)

ABSURD = "x" * 200_000
KEPT = {"id", "kind", "stage", "status", "selectability", "discountKind", "clientUrl", "remoteId", "password"}


def everywhere(value: Any, text: str, name: str = "") -> Any:
    """Every text of a record that may be any text, replaced."""
    if isinstance(value, dict):
        return {key: part if key in KEPT else everywhere(part, text, key) for key, part in value.items()}
    if isinstance(value, list):
        return [everywhere(part, text, name) for part in value]
    free = isinstance(value, str) and not name.endswith(("Id", "Date", "Utc", "Ids")) and name not in NO_TEXT
    return text if free else value


NO_TEXT = {"created", "modified", "received", "roleKinds"}


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in texts(part)]


@pytest.mark.parametrize("text", [ABSURD, "x " * 100_000, "\u202e<b>" * 50_000, "ä\n" * 100_000])
def test_a_session_of_absurd_texts_is_read_in_no_time_and_each_is_short(text: str) -> None:
    bodies = {kind.replace("-", "_"): everywhere(body, text) for kind, body in copy.deepcopy(WHOLE).items()}
    found = records(**bodies)

    began = time.process_time()
    facts = read(found)

    assert time.process_time() - began < 3
    assert max(map(len, texts(json.loads(canonical.dumps(facts))))) <= TEXT_MAX
    assert len(facts.client.name) <= 2 * NAME_MAX + 1
    assert len(facts.client.address_lines) <= ADDRESS_LINES_MAX
    assert facts.cut


def test_what_is_cut_is_told_with_its_length() -> None:
    facts = read(records(job=job(title=ABSURD), order=order(lineItems=[line(name="y" * 201)])))

    assert facts.job.name == shortened(ABSURD, NAME_MAX)
    assert facts.job.name.endswith("…")
    assert sorted(facts.cut) == [
        f"The job {JOB} has a `title` of 200,000 characters; the first 200 are used.",
        f"The line of order {order()['id']} of job {JOB} has a `name` of 201 characters; the first 200 are used.",
    ]


def test_a_long_description_ends_in_an_ellipsis() -> None:
    facts = read(records(order=order(lineItems=[line(descriptionHtml="<p>word</p>" * 10_000)])))

    assert len(facts.orders[0].lines[0].description) == TEXT_MAX
    assert facts.orders[0].lines[0].description.endswith("…")
    assert "`descriptionHtml` of 49,999 characters; the first 2,000 are used" in facts.cut[0]


def test_usual_lengths_are_not_worth_a_word() -> None:
    assert read(records(contact=person(address=ADDRESS, firstName="Ann" * 20))).cut == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"order": order(lineItems=[line(id=ulid(1000 + n)) for n in range(ORDER_LINES_MAX + 1)])},
        {"order": order(lineItems=[line(children=[line(id=ulid(1000 + n)) for n in range(ORDER_LINES_MAX)])])},
        {"order": order(paymentAllocations=[allocation(paymentId=ulid(1000 + n)) for n in range(PARTS_MAX + 1)])},
        {"order": [order(id=ulid(1000 + n)) for n in range(PARTS_MAX + 1)]},
        {"gallery": gallery(clientUrl="https://galleries.example/" + ABSURD)},
        {"gallery": gallery(remoteId=ABSURD)},
    ],
)
def test_what_would_mean_something_else_if_it_were_cut_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(PermanentError) as caught:
        read(records(payment=payment(), **changed))

    assert caught.value.code == "malformed_record"
    assert len(caught.value.sentence) < 500


def test_an_absurd_password_is_not_mailed() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=gallery(password=ABSURD))

    with pytest.raises(PermanentError, match="password"):
        VscoGalleries(workspace(answer).client).open_gallery(GALLERY, None)


def test_a_record_is_kept_as_it_came_but_for_texts_beyond_all_use() -> None:
    studio = StudioLine()
    studio.objects[f"/job/{JOB}"] = job(leadNotes="n" * (RAW_TEXT_MAX + 1), title="t" * RAW_TEXT_MAX)

    kept = json.loads(workspace(studio).related_records(JOB).records[0].body)

    assert kept["leadNotes"] == "n" * (RAW_TEXT_MAX - 1) + "…"
    assert kept["title"] == "t" * RAW_TEXT_MAX
    assert kept.keys() == job(leadNotes="").keys()


def test_of_a_mailing_list_in_the_field_for_an_address_ten_are_written_to() -> None:
    typed = ";".join(f"guest{number}@example.com" for number in range(30))

    found = read(records(contact=person(email=typed))).client

    assert found.emails == tuple(f"guest{number}@example.com" for number in range(10))
    assert "guest10@example.com' is one too many" in found.unusable_emails[0][1]
