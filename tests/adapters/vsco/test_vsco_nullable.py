"""Whatever the specification lets be null, in every object that is read: each is null once, and reading goes on."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from vsco_contract import document, resolved
from vsco_records import GALLERY, JOB, WHOLE, Body, gallery, payment, records, shared, studio, workspace
from vsco_studio_line import StudioLine

from billing.adapters.vsco import VscoGalleries
from billing.domain.sessions import SessionFacts
from billing.ports.outside import RawRecord

COMPANY = {"kind": "company", "name": "Lee Ltd", "primaryContactFirstName": "Ann", "primaryContactLastName": None}
OF_A_JOB = {  # kind of a raw record -> its schema
    "job": "Job", "order": "Order", "payment": "Payment", "job-contact": "JobContact", "contact": "Person",
    "event": "Event", "gallery": "Gallery",
}  # fmt: skip
SHARED = {
    "studio": "Studio", "job-type": "JobType", "brand": "Brand", "job-role": "JobRole", "custom-field": "CustomField",
    "product-type": "ProductType", "product": "Product", "tax-rate": "TaxRate",
}  # fmt: skip
Place = tuple[str | int, ...]


def nullable_places(schema: Body, value: Any, at: Place = ()) -> Iterator[Place]:
    """Where in this value the schema allows null; a property that the value lacks is one, too."""
    for name, part in _properties(schema).items():
        inner = value.get(name)
        if _is_nullable(part):
            yield (*at, name)
        if isinstance(inner, dict):
            yield from nullable_places(part, inner, (*at, name))
        for number, item in enumerate(inner if isinstance(inner, list) else []):
            if _is_nullable(resolved(part)["items"]):
                yield (*at, name, number)
            if isinstance(item, dict):
                yield from nullable_places(resolved(part)["items"], item, (*at, name, number))


def _properties(schema: Body) -> dict[str, Body]:
    schema = resolved(schema)
    own = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        own |= _properties(part)
    return own


def _is_nullable(schema: Body) -> bool:
    """Every part of an allOf would have to allow it; a server that sends what one part allows is heard all the same."""
    schema = resolved(schema)
    return bool(schema.get("nullable")) or any(_is_nullable(part) for part in schema.get("allOf", []))


def with_null(body: Body, place: Place) -> Body:
    changed = copy.deepcopy(body)
    inner: Any = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = None
    return changed


def failing(schema: str, body: Body, read: Callable[[Body], object]) -> dict[Place, str]:
    """Each place of this object that may be null, and what goes wrong when it is."""
    found = {}
    places = list(nullable_places(document()["components"]["schemas"][schema], body))
    assert places, f"{schema} has nothing that may be null"
    for place in places:
        try:
            read(with_null(body, place))
        except Exception as error:
            found[place] = repr(error)
    return found


def raw(kind: str, body: Body) -> RawRecord:
    return RawRecord(kind, body["id"], None, json.dumps(body))


@pytest.mark.parametrize("kind", OF_A_JOB)
def test_a_session_is_read_with_any_null_that_the_specification_allows(kind: str) -> None:
    def read(body: Body) -> SessionFacts:
        bodies = WHOLE | {kind: body}
        return workspace().read_session([raw(*one) for one in bodies.items()], shared())

    assert failing(OF_A_JOB[kind], WHOLE[kind], read) == {}


def test_so_is_one_of_a_company() -> None:
    def read(body: Body) -> SessionFacts:
        return workspace().read_session(records(contact=body), shared())

    assert failing("Company", WHOLE["contact"] | COMPANY, read) == {}


@pytest.mark.parametrize("kind", SHARED)
def test_shared_records_are_read_with_any_null(kind: str) -> None:
    known = {record.kind: record for record in shared()}
    body = json.loads(known[kind].body)

    def read(changed: Body) -> SessionFacts:
        return workspace().read_session(records(), [*(known | {kind: raw(kind, changed)}).values()])

    assert failing(SHARED[kind], body, read) == {}


@pytest.mark.parametrize("kind", OF_A_JOB)
def test_a_job_is_collected_over_the_line_with_any_null(kind: str) -> None:
    def read(body: Body) -> object:
        whole = WHOLE | {kind: body}
        line = StudioLine(job_contact=[whole["job-contact"]], event=[whole["event"]], gallery=[whole["gallery"]])
        line.lists |= {f"/job/{JOB}/order": [whole["order"]], f"/job/{JOB}/payment": [whole["payment"]]}
        line.objects |= {f"/job/{JOB}": whole["job"], f"/address-book/{whole['contact']['id']}": whole["contact"]}
        reading = workspace(line).related_records(JOB)
        assert not reading.refused
        return workspace().read_session(reading.records, shared())

    assert failing(OF_A_JOB[kind], WHOLE[kind], read) == {}


def test_the_studio_and_written_payments_are_read_with_any_null() -> None:
    def account(body: Body) -> object:
        return workspace(lambda request: httpx.Response(200, json=body)).account()

    def written(body: Body) -> object:
        def answer(request: httpx.Request) -> httpx.Response:
            found = studio() if request.url.path.endswith("/me") else {"items": [body]}
            return httpx.Response(200, json=found)

        return workspace(answer).written_payments(JOB)

    allocated = {"paymentAllocations": [{"orderId": JOB, "amount": 1, "jobId": JOB, "refundedAmount": 0}]}
    assert failing("Studio", studio(), account) == {}
    assert failing("Payment", payment(transactionId="pi_1") | allocated, written) == {}


def test_a_gallery_is_opened_and_closed_with_any_null_and_goes_back_with_it() -> None:
    def open_and_close(body: Body) -> None:
        sent: list[Body] = []
        kept = dict(body)

        def answer(request: httpx.Request) -> httpx.Response:
            if request.method == "PUT":
                sent.append(json.loads(request.content))
                kept.update(sent[-1])
            return httpx.Response(200, json=kept)

        host = VscoGalleries(workspace(answer).client)
        host.open_gallery(GALLERY, date(2026, 6, 1))
        host.close_gallery(GALLERY)
        nulls = {name for name, value in body.items() if value is None} - {"expirationDate", "coverPhoto"}
        assert len(sent) == 2
        assert nulls - {"externalMappings"} == {name for name, value in sent[0].items() if value is None}

    assert failing("Gallery", gallery(), open_and_close) == {}
