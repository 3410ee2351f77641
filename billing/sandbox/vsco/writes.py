"""What VSCO Workspace lets a program change. As the real one, it knows no idempotency: two calls make two payments."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.vsco import orders
from billing.sandbox.vsco.records import create, save, stamp, studio_today
from billing.sandbox.vsco.resources import BY_PATH
from billing.sandbox.vsco.wire import ApiError, from_wire, invalid, money_scale, not_found, present

_STATUSES = ("future", "confirmed-future", "posted", "failed", "pending")
_STAGES = ("lead", "booked", "fulfillment", "completed")
_GALLERY_STATUSES = ("pre-release", "active", "inactive", "archived")
_MAX_MONEY = 99_999_999_999
_PAYMENT_FIELDS = ("payerId", "paymentMethodId", "memo", "checkNumber", "transactionId", "authCode", "received")
_LENGTHS = {"memo": 128, "checkNumber": 18, "transactionId": 255, "authCode": 100}
_EDITABLE = {
    "gallery": (
        *("name", "clientUrl", "adminUrl", "status", "remoteId", "public", "requiresPassword", "password", "category"),
        *("releaseDate", "eventDate", "expirationDate", "orderDueDate", "photoCount", "headline", "slug", "jobId"),
        *("orderCount", "visitorCount", "eventId", "externalMappings"),
    ),
    "job": (
        *("name", "stage", "closed", "closedDate", "bookingDate", "fulfillmentDate", "completedDate", "eventDate"),
        *("customFields", "brandId", "jobTypeId", "leadNotes", "pinned", "guestCount"),
    ),
    "address-book": (
        *("firstName", "lastName", "email", "secondaryEmail", "companyName", "address", "mailingAddress"),
        *("customFields", "name", "contactPreference"),
    ),
    "event": ("name", "confirmed", "descriptionHtml", "galleryId", "channel"),
}
_NULLABLE = frozenset({"name"})  # schema Gallery: required, and null is an answer
_REQUIRED = {"gallery": ("name", "clientUrl", "adminUrl"), "address-book": ("kind",)}


class Writes:
    """POST and PUT."""

    def __init__(self, store: Store, clock: SandboxClock, public_url: str) -> None:
        self._store, self._clock, self._public_url = store, clock, public_url

    async def create_payment(self, request: Request) -> Response:
        body = await self._body(request, "jobId", "amount")
        job = self._job(body["jobId"])
        amount = _money(body["amount"], "amount")
        status = body.get("status", "posted")
        _one_of("status", status, _STATUSES)
        fields = {name: body[name] for name in _PAYMENT_FIELDS if name in body}
        _check_lengths(fields)
        with self._store.transaction():
            fields.setdefault("received", studio_today(self._store, self._clock).isoformat())
            payment = orders.new_payment(self._store, self._clock, job["id"], amount, status=status, **fields)
            orders.refresh_job(self._store, self._clock, job["id"])
            detail = {"jobId": job["id"], "amount": amount, "paymentId": payment["id"], "status": status}
            self._effect("vsco.payment_written_back", payment["transactionId"] or payment["id"], detail)
        return self._answer("payment", payment, 201)

    async def apply_payment(self, request: Request) -> Response:
        body = await self._body(request, "orderId", "amount")
        with self._store.transaction():
            payment = self._found("payment", request.path_params["id"])
            order = self._store.get("vsco.order", str(body["orderId"]))
            if order is None or order["jobId"] != payment["jobId"]:
                raise invalid(orderId="is no order of the payment's job")
            amount = self._applicable(payment, order, _money(body["amount"], "amount"))
            orders.allocate(self._store, self._clock, payment, order, amount)
            detail = {"paymentId": payment["id"], "orderId": order["id"], "amount": amount}
            self._effect("vsco.payment_applied", payment["transactionId"] or payment["id"], detail)
        return self._answer("payment", payment, 201)

    def _applicable(self, payment: Body, order: Body, amount: int) -> int:
        if order["status"] in ("voided", "draft"):
            raise invalid(orderId=f"is {order['status']}")
        if payment["status"] != "posted":
            raise invalid(id=f"the payment is {payment['status']}, not posted")
        if amount < 1:
            raise invalid(amount="must be at least 1")
        if amount > orders.unapplied(payment):
            raise invalid(amount=f"exceeds the payment's unapplied {orders.unapplied(payment)}")
        if amount > order["balance"]:
            raise invalid(amount=f"exceeds the order's balance {order['balance']}")
        return amount

    async def create_note(self, request: Request) -> Response:
        body = await self._body(request, "contentHtml")
        if not isinstance(body["contentHtml"], str) or not body["contentHtml"]:
            raise invalid(contentHtml="must not be empty")
        fields = {name: body.get(name) for name in ("contactId", "contentHtml", "jobId")}
        fields["date"] = body.get("date") or studio_today(self._store, self._clock).isoformat()
        with self._store.transaction():
            note = create(self._store, self._clock, "note", body.get("jobId"), authorId=None, **fields)
            self._effect("vsco.note_written", body.get("jobId") or note["id"], {"noteId": note["id"]})
        return self._answer("note", note, 201)

    async def update(self, request: Request) -> Response:
        path = request.path_params["resource"]
        if path not in _EDITABLE:
            raise ApiError(405, "Not Implemented", f"The sandbox does not change a {path}.", "not-implemented")
        body = await self._body(request, *_REQUIRED.get(path, ()), nullable=_NULLABLE)
        with self._store.transaction():
            before = self._found(path, request.path_params["id"])
            after = {**before, **{name: body[name] for name in _EDITABLE[path] if name in body}}
            if path == "gallery":
                self._change_gallery(before, after)
            elif path == "job":
                self._change_stage(before, after)
            elif path == "address-book" and after["kind"] == "person":
                after["name"] = f"{after['firstName'] or ''} {after['lastName'] or ''}".strip()
            save(self._store, self._clock, path, after)
        return self._answer(path, after, 200)

    async def update_order(self, request: Request) -> Response:
        """New lines or another tax group: the order is computed anew, what was paid stays allocated."""
        body = await self._body(request)
        with self._store.transaction():
            order = self._found("order", request.path_params["id"])
            order["name"] = body.get("name", order["name"])
            if "taxGroupId" in body:
                orders.apply_tax_group(order, self._store.get("vsco.tax-group", str(body["taxGroupId"])))
            if "lineItems" in body:
                order["lineItems"] = [self._line(line, order["id"]) for line in body["lineItems"]]
            orders.recompute(order)
            orders.save_order(self._store, self._clock, order)
        return self._answer("order", order, 200)

    def _line(self, line: Body, order_id: str) -> Body:
        if not line.get("name"):
            raise invalid(lineItems="each line needs a name")
        known = orders.new_line(self._store, self._clock, line["name"], line.get("pricePerUnit", 0))
        children = [self._line(child, order_id) for child in line.get("children") or []]
        return {**known, **line, "orderId": order_id, "children": children}

    def _change_gallery(self, before: Body, after: Body) -> None:
        _one_of("status", after["status"], _GALLERY_STATUSES)
        detail = {"before": before["status"], "after": after["status"], "jobId": after["jobId"]}
        self._effect("vsco.gallery_updated", after["id"], detail)

    def _change_stage(self, before: Body, after: Body) -> None:
        _one_of("stage", after["stage"], _STAGES)
        if before["stage"] != after["stage"]:
            enter_stage(self._store, self._clock, after)
        if after["closed"] and not before["closed"]:
            after["closedDate"] = after["closedDate"] or studio_today(self._store, self._clock).isoformat()

    def _job(self, job_id: Any) -> Body:
        job = self._store.get("vsco.job", str(job_id))
        if job is None:
            raise invalid(jobId="is no job of this studio")
        return job

    def _found(self, path: str, id_: str) -> Body:
        body = self._store.get(f"vsco.{path}", id_)
        if body is None:
            raise not_found(path, id_)
        return body

    async def _body(self, request: Request, *required: str, nullable: frozenset[str] = frozenset()) -> Body:
        try:
            body = await request.json()
        except ValueError as error:
            raise invalid(body="is no JSON") from error
        if not isinstance(body, dict):
            raise invalid(body="must be an object")
        if missing := [name for name in required if body.get(name) is None and not (name in nullable and name in body)]:
            raise invalid(**dict.fromkeys(missing, "is required"))
        scaled: Body = from_wire(body, money_scale(self._store))
        return scaled

    def _effect(self, kind: str, subject: str, detail: Body) -> None:
        self._store.record_effect(kind, subject, stamp(self._clock.now()), detail)

    def _answer(self, path: str, body: Body, status: int) -> Response:
        return JSONResponse(present(self._store, self._public_url, BY_PATH[path], body), status)


def enter_stage(store: Store, clock: SandboxClock, job: Body) -> None:
    """A job that reaches a stage gets that stage's date, in the studio's time zone, unless it has one."""
    field = {"booked": "bookingDate", "fulfillment": "fulfillmentDate", "completed": "completedDate"}.get(job["stage"])
    if field:
        job[field] = job[field] or studio_today(store, clock).isoformat()


def _money(value: Any, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_MONEY:
        raise invalid(**{field: f"must be an integer from 0 to {_MAX_MONEY}"})
    return value


def _one_of(field: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise invalid(**{field: f"must be one of {', '.join(allowed)}"})


def _check_lengths(fields: Body) -> None:
    for name, limit in _LENGTHS.items():
        if len(fields.get(name) or "") > limit:
            raise invalid(**{name: f"must be at most {limit} characters"})
