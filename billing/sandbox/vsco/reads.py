"""Lists and single objects: paging, sorting and filters as the specification has them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from billing.sandbox import faults
from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.vsco.records import save
from billing.sandbox.vsco.resources import BY_PATH, STUDIO_KIND, Resource
from billing.sandbox.vsco.wire import ApiError, collection, invalid, not_found, present


class Reads:
    """GET for every resource."""

    def __init__(self, store: Store, clock: SandboxClock, public_url: str) -> None:
        self._store, self._clock, self._public_url = store, clock, public_url

    async def list(self, request: Request) -> Response:
        resource = BY_PATH[request.path_params["resource"]]
        page, size = (_page(request), _page_size(request)) if resource.paged else (1, 0)
        answer = self._answer(request, resource, page, size)
        self._shift_if_told(request, resource)
        return answer

    async def one(self, request: Request) -> Response:
        resource = BY_PATH[request.path_params["resource"]]
        body = self._store.get(resource.kind, request.path_params["id"])
        if body is None:
            raise not_found(resource.path, request.path_params["id"])
        if resource.path == "address-book":
            notes = [note for note in self._store.newest("vsco.note") if note["contactId"] == body["id"]]
            body["notes"] = [present(self._store, self._public_url, BY_PATH["note"], note) for note in notes]
        return JSONResponse(present(self._store, self._public_url, resource, body))

    async def studio(self, _request: Request) -> Response:
        found = self._store.newest(STUDIO_KIND)
        if not found:
            raise ApiError(404, "Not Found", "This sandbox has no studio yet; seed it.")
        links = {"self": {"href": f"{self._public_url}/vsco/api/v2/studio/me"}}
        return JSONResponse({"links": links, **found[0]})

    async def of_job(self, request: Request) -> Response:
        """The orders or payments of one job."""
        job_id, part = request.path_params["id"], request.path_params["part"]
        if self._store.get("vsco.job", job_id) is None:
            error = ApiError(404, "Not Found", {"id": [f"There is no job {job_id}."]}, "validation-error")
            raise error if part == "payment" else not_found("job", job_id)
        resource = BY_PATH[part]
        order_by, descending = _sort(request, resource)
        rows, total = self._store.select(
            resource.kind, parent=job_id, order_by=order_by, descending=descending, equal=None
        )
        items = [present(self._store, self._public_url, resource, row) for row in rows]
        return collection(f"job{part}-collection", items, total, 1, max(1, total))

    def _answer(self, request: Request, resource: Resource, page: int, size: int) -> JSONResponse:
        order_by, descending = _sort(request, resource)
        rows, total = self._store.select(
            resource.kind,
            equal=_filters(request, resource),
            order_by=order_by,
            descending=descending,
            limit=size or -1,
            offset=(page - 1) * size,
        )
        items = [present(self._store, self._public_url, resource, row) for row in rows]
        return collection(resource.collection, items, total, page, size or max(1, total))

    def _shift_if_told(self, request: Request, resource: Resource) -> None:
        """A colleague of the photographer edits the oldest object between two pages, and every page moves by one."""
        if not faults.take(self._store, "vsco", faults.LIST_KINDS, "GET", f"/{resource.path}"):
            return
        rows, _ = self._store.select(resource.kind, order_by="modified", limit=1, equal=_filters(request, resource))
        for row in rows:
            save(self._store, self._clock, resource.path, row)


def _filters(request: Request, resource: Resource) -> Body:
    shown = {"closed": "includeClosed", "hidden": "includeHidden"}.get(resource.hides)
    equal: Body = {}
    if shown and not _flag(request, shown):
        equal[resource.hides] = 0
    for name in resource.filters:
        if value := request.query_params.get(name):
            equal["name" if name == "search" else name] = value.title() if name == "canApplyTo" else value
    return equal


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise invalid(**{name: "must be true or false"})
    return text == "true"


def _number(request: Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text[:9]) <= high:
        raise invalid(**{name: f"must be an integer from {low} to {high}"})
    return int(text)


def _page(request: Request) -> int:
    return _number(request, "page", 1, 1, 999_999)


def _page_size(request: Request) -> int:
    return _number(request, "pageSize", 100, 10, 100)


def _sort(request: Request, resource: Resource) -> tuple[str, bool]:
    """`modified`, `modified asc` or `modified desc`."""
    text = request.query_params.get("sortBy", resource.default_sort)
    field, _, way = text.partition(" ")
    if field not in resource.sorts or way not in ("", "asc", "desc"):
        raise invalid(sortBy=f"{text!r} is not among {', '.join(resource.sorts)}")
    return field, way == "desc"
