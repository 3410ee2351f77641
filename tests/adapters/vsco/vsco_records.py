"""Raw records as the specification has them, for the tests of the translation; each test changes what it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx

from billing.adapters.vsco import VscoWorkspace
from billing.domain.sessions import SessionFacts
from billing.ports.outside import RawRecord

Body = dict[str, Any]
KEY = "canary-key-0123456789"
BASE = "https://vsco.example/api/v2"


def ulid(number: int) -> str:
    return f"{number:026d}"


JOB, CLIENT, ORDER, SESSION, PAYMENT, STUDIO = (ulid(number) for number in range(1, 7))
PREFERENCE, LANGUAGE, PACKAGE, PACKAGES, VAT, TEAM_ROLE = (ulid(number) for number in range(11, 17))
OTHER, LINE, LINK, GALLERY = (ulid(number) for number in range(21, 25))


def stamped(**fields: Any) -> Body:
    return {"created": "2026-01-01T08:00:00Z", "modified": "2026-03-01T09:00:00Z", **fields}


def raw(kind: str, /, **fields: Any) -> RawRecord:
    body = stamped(**fields)
    return RawRecord(kind, body["id"], datetime(2026, 3, 1, 9, tzinfo=UTC), json.dumps(body))


def studio(**fields: Any) -> Body:
    return stamped(**{"id": STUDIO, "name": "North Light", "currencyCode": "EUR", "email": "s@example.com", **fields})


def job(**fields: Any) -> Body:
    known = {"id": JOB, "name": None, "title": "Portrait Ann", "stage": "fulfillment", "closed": False, "sample": False}
    dates = {"fulfillmentDate": "2026-03-01", "completedDate": None, "primarySessionId": SESSION, "customFields": []}
    return stamped(**known, **dates) | fields


def person(**fields: Any) -> Body:
    known = {"id": CLIENT, "kind": "person", "firstName": "Ann", "lastName": "Lee", "email": "ann@example.com"}
    return stamped(**known, customFields=[]) | fields


def line(**fields: Any) -> Body:
    known = {"id": LINE, "name": "Session", "pricePerUnit": 10_000, "units": 1, "taxable": True, "discount": False}
    return stamped(**known, selectability="required", selected=True, children=[]) | fields


def order(**fields: Any) -> Body:
    known = {"id": ORDER, "jobId": JOB, "status": "open", "customNumber": "ORD-1", "total": 10_000, "balance": 10_000}
    return stamped(**known, lineItems=[line()], paymentAllocations=[], recipientId=CLIENT) | fields


def payment(**fields: Any) -> Body:
    known = {"id": PAYMENT, "jobId": JOB, "status": "posted", "amount": 3_000, "received": "2026-02-01"}
    return stamped(**known, transactionId=None) | fields


def allocation(**fields: Any) -> Body:
    return stamped(id=ulid(40), paymentId=PAYMENT, orderId=ORDER, amount=3_000, refundedAmount=0) | fields


def event(**fields: Any) -> Body:
    known = {"id": SESSION, "jobId": JOB, "startDate": "2026-02-28", "endDate": "2026-02-28"}
    return stamped(**known, startUtc="2026-02-28T23:30:00Z", endUtc="2026-03-01T01:30:00+00:00") | fields


def job_contact(**fields: Any) -> Body:
    return stamped(id=LINK, jobId=JOB, contactId=CLIENT, client=True, roleKinds=["client", "customer"]) | fields


def gallery(**fields: Any) -> Body:
    known = {"id": GALLERY, "jobId": JOB, "name": "Ann", "headline": None, "status": "pre-release", "remoteId": "r-1"}
    urls = {"clientUrl": "https://galleries.example/ann", "adminUrl": "https://admin.example/ann"}
    return stamped(**known, **urls, requiresPassword=True, password="open-sesame", expirationDate=None) | fields


ADDRESS = {"streetAddress": "Weg 1", "city": "Berlin", "postalCode": "10115", "state": None, "country": "DE"}
CUSTOM = [{"fieldId": PREFERENCE, "value": "autopay"}, {"fieldId": LANGUAGE, "value": "de"}]
TAX = {"name": "VAT", "rate": 0.19, "isInclusive": False, "taxRateId": VAT, "amount": 1_900}
LINES = [
    line(productId=PACKAGE, descriptionHtml="<p>x</p>", children=[line(pricePerUnit=0)]),
    line(discount=True, discountKind="percent", pricePerUnit=10),
]
WHOLE: dict[str, Body] = {  # one job with everything that we read of it
    "job": job(customFields=CUSTOM),
    "contact": person(customFields=CUSTOM, address=ADDRESS, mailingAddress=None, secondaryEmail="b@example.com"),
    "order": order(
        lineItems=LINES,
        tax1=TAX,
        preTaxDiscount={"fixedAmount": 100, "percentage": None},
        afterTaxDiscount={"percentage": 10},
        paymentAllocations=[allocation()],
    ),
    "event": event(location={"id": None, "address": ADDRESS}),
    "job-contact": job_contact(jobRoles=[]),
    "payment": payment(),
    "gallery": gallery(),
}


def shared(**studio_fields: Any) -> list[RawRecord]:
    return [
        raw("studio", **studio(**studio_fields)),
        raw("custom-field", id=PREFERENCE, name="Billing preference"),
        raw("custom-field", id=LANGUAGE, name="Language"),
        raw("product-type", id=PACKAGES, name="Packages"),
        raw("product", id=PACKAGE, name="Wedding", type=PACKAGES),
        raw("tax-rate", id=VAT, name="NYC", rate=8.875),
        raw("job-role", id=TEAM_ROLE, name="Photographer", kind="team"),
        raw("brand", id=ulid(17), name="North Light"),
        raw("job-type", id=ulid(18), name="Wedding"),
    ]


def records(**changed: Body | list[Body]) -> list[RawRecord]:
    """One job's records; `changed` replaces those of a kind ("job_contact" for job-contact)."""
    plain: Body = {"job": job(), "contact": person(), "order": order(), "event": event(), "job_contact": job_contact()}
    found = []
    for kind, bodies in (plain | changed).items():
        for body in bodies if isinstance(bodies, list) else [bodies]:
            found.append(RawRecord(kind.replace("_", "-"), body["id"], None, json.dumps(body)))
    return found


def workspace(handler: Any = None, **options: Any) -> VscoWorkspace:
    """A workspace whose line is `handler`; none for translation, which makes no call."""
    return VscoWorkspace(BASE, KEY, transport=httpx.MockTransport(handler or _no_call), **options)


def read(
    changed_records: list[RawRecord], shared_records: list[RawRecord] | None = None, **options: Any
) -> SessionFacts:
    return workspace(**options).read_session(changed_records, shared() if shared_records is None else shared_records)


def _no_call(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"no call expected: {request.url}")
