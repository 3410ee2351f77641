"""What a key may not read, and what is answered in another shape: done without where it only refines, and said."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from vsco_records import GALLERY, JOB, VAT, WHOLE, allocation, event, gallery, order, read, records, studio, workspace
from vsco_studio_line import StudioLine

from billing.adapters.vsco.catalogue import SHARED_LISTS
from billing.domain.errors import NoRight, PermanentError, RefusedAccess, TemporaryError
from billing.ports.outside import Reading

Handler = Callable[[httpx.Request], httpx.Response]
REFUSALS = [400, 403, 404, 405]
PATHS = {kind: path for kind, (path, _) in SHARED_LISTS.items()}


def studio_line(**answers: httpx.Response) -> Handler:
    """A studio whose lists hold one object each; `answers` by kind ("tax_rate")."""
    by_path = {PATHS[kind.replace("_", "-")]: answer for kind, answer in answers.items()}

    def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2")
        if path == "/studio/me":
            return httpx.Response(200, json=studio())
        return by_path.get(path) or httpx.Response(
            200, json={"items": [{"id": VAT, "name": path}], "meta": {"totalPages": 1}}
        )

    return handler


def kinds(reading: Reading) -> set[str]:
    return {record.kind for record in reading.records}


def test_one_tax_rate_in_place_of_a_list_is_a_list_of_one() -> None:
    one = httpx.Response(200, json={"id": VAT, "name": "NYC", "rate": 8.875, "inclusive": False})

    reading = workspace(studio_line(tax_rate=one)).shared_records()

    assert reading.refused == {}
    taxed = order(tax1={"name": "NYC", "rate": 0.0888, "isInclusive": False, "taxRateId": VAT, "amount": 888})
    assert str(read(records(order=taxed), reading.records).orders[0].taxes[0].rate) == "0.08875"


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("kind", SHARED_LISTS)
def test_a_shared_list_that_is_refused_is_done_without_and_said(kind: str, status: int) -> None:
    reading = workspace(studio_line(**{kind.replace("-", "_"): httpx.Response(status)})).shared_records()

    assert kinds(reading) == {"studio", *SHARED_LISTS} - {kind}
    ((refused, sentence),) = reading.refused.items()
    assert refused == kind
    assert f"GET {PATHS[kind]}" in sentence
    assert str(status) in sentence
    assert "Meanwhile its" in sentence
    assert "temporar" not in sentence


@pytest.mark.parametrize("answer", [{}, {"items": "x"}, {"id": "?", "items": None}])
def test_a_shared_list_that_is_none_is_done_without_and_said(answer: dict[str, object]) -> None:
    reading = workspace(studio_line(tax_rate=httpx.Response(200, json=answer))).shared_records()

    assert list(reading.refused) == ["tax-rate"]
    assert read(records(), reading.records).client.name == "Ann Lee"


def test_with_none_of_the_shared_lists_a_session_is_read_all_the_same() -> None:
    refusing = {kind.replace("-", "_"): httpx.Response(403) for kind in SHARED_LISTS}

    reading = workspace(studio_line(**refusing)).shared_records()
    found = read(records(**{kind.replace("-", "_"): body for kind, body in WHOLE.items()}), reading.records)

    assert set(reading.refused) == set(SHARED_LISTS)
    assert (found.orders[0].total.currency, found.collection_preference) == ("EUR", None)


def test_a_server_that_is_down_is_not_a_list_that_is_refused() -> None:
    with pytest.raises(TemporaryError):
        workspace(studio_line(tax_rate=httpx.Response(503))).shared_records()


def test_a_refused_key_ends_the_reading_of_shared_records() -> None:
    with pytest.raises(RefusedAccess):
        workspace(studio_line(brand=httpx.Response(401))).shared_records()


def statuses(studio_status: int, job_status: int) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/studio/me"):
            return httpx.Response(studio_status, json=studio())
        return httpx.Response(job_status, json={"items": [], "meta": {}})

    return handler


def test_a_key_that_opens_nothing_is_refused_and_one_without_a_right_is_not() -> None:
    for asked in ("account", "shared_records"):
        with pytest.raises(RefusedAccess, match="vsco_api_key"):
            getattr(workspace(statuses(403, 403)), asked)()
        for of_jobs in (200, 500):
            with pytest.raises(NoRight, match="GET /studio/me"):
                getattr(workspace(statuses(403, of_jobs)), asked)()


class Refusing:
    """A studio of which one path is refused."""

    def __init__(self, path: str, status: int = 403, **lists: list[dict[str, object]]) -> None:
        self.line, self._path, self._status = StudioLine(**lists), path, status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2")
        return self.line(request) if not path.startswith(self._path) else self._refuse(path)

    def _refuse(self, path: str) -> httpx.Response:
        self.line.asked.append(path)
        return httpx.Response(self._status)


@pytest.mark.parametrize("status", REFUSALS)
def test_a_job_is_read_without_galleries_if_they_are_refused(status: int) -> None:
    line = Refusing("/gallery", status)
    line.line.lists["/event"] = [event(galleryId=GALLERY)]

    reading = workspace(line).related_records(JOB)

    assert kinds(reading) == {"job", "order", "payment", "job-contact", "contact", "event"}
    assert list(reading.refused) == ["gallery"]
    assert "no gallery is found by itself" in reading.refused["gallery"]


def test_the_refused_list_of_galleries_is_not_asked_for_again_by_each_job() -> None:
    line = Refusing("/gallery")
    source = workspace(line)

    for _ in range(3):
        assert "gallery" in source.related_records(JOB).refused

    assert line.line.asked.count("/gallery") == 1


def test_one_gallery_that_is_refused_is_said_too() -> None:
    line = Refusing(f"/gallery/{GALLERY}", gallery=[gallery(id=VAT, jobId=VAT)])
    line.line.lists["/event"] = [event(galleryId=GALLERY)]

    assert list(workspace(line).related_records(JOB).refused) == ["gallery"]


@pytest.mark.parametrize(
    "path", [f"/job/{JOB}/order", f"/job/{JOB}/payment", "/job-contact", "/event", "/address-book"]
)
def test_what_a_bill_needs_is_never_done_without(path: str) -> None:
    with pytest.raises(NoRight, match=path):
        workspace(Refusing(path)).related_records(JOB)


def test_a_payment_of_another_job_that_is_refused_is_no_payment_that_is_not_there() -> None:
    line = Refusing(f"/payment/{VAT}")
    line.line.lists[f"/job/{JOB}/order"] = [order(paymentAllocations=[allocation(paymentId=VAT)])]

    with pytest.raises(PermanentError, match="/payment/"):
        workspace(line).related_records(JOB)
