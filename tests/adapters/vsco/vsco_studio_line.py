"""A line that knows a whole studio: its lists and single objects by path."""

from __future__ import annotations

from typing import Any

import httpx
from vsco_records import CLIENT, JOB, event, gallery, job, job_contact, order, payment, person, workspace


class StudioLine:
    """Lists and single objects by path; what is not there is 404. `asked` keeps the paths in order."""

    def __init__(self, **changed: Any) -> None:
        self.lists = {
            f"/job/{JOB}/order": [order()],
            f"/job/{JOB}/payment": [payment()],
            "/job-contact": [job_contact()],
            "/event": [event()],
            "/gallery": [gallery()],
        } | {f"/{name.replace('_', '-')}": rows for name, rows in changed.items() if isinstance(rows, list)}
        self.objects: dict[str, Any] = {f"/job/{JOB}": job(), f"/address-book/{CLIENT}": person()}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2")
        self.asked.append(path)
        if path in self.lists:
            rows = self.lists[path]
            size = int(request.url.params.get("pageSize", len(rows) or 1))
            page = int(request.url.params.get("page", 1))
            meta = {"totalItems": len(rows), "totalPages": max(1, -(-len(rows) // size))}
            return httpx.Response(200, json={"items": rows[(page - 1) * size : page * size], "meta": meta})
        found = self.objects.get(path)
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)

    def collected(self, **options: Any) -> dict[str, list[str]]:
        kinds: dict[str, list[str]] = {}
        for record in workspace(self, **options).related_records(JOB).records:
            kinds.setdefault(record.kind, []).append(record.source_id)
        return kinds
