"""Reading a list that changes under the reader.

Lists are read newest first (`id desc`, `modified desc`): what is added or touched while we read goes to the top and
pushes the rest down, so a row may be seen twice and none is missed. Only a row that disappears pulls later ones up over
the edge of a page already read. Then `meta.totalItems` shrinks, and the reader goes back as many pages as the rows that
may have slipped by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billing.adapters.vsco.client import Query, VscoClient
from billing.adapters.vsco.fields import is_id
from billing.domain.errors import TemporaryError

Body = dict[str, Any]

_MOST_PAGES = 10_000
_MOST_DETOURS = 20


def paged(client: VscoClient, path: str, query: Query, page_size: int, start: int = 1) -> Iterator[list[Body]]:
    """The pages of a list that takes `page` and `pageSize`, from page `start` on."""
    return _pages(client, path, {**query, "pageSize": page_size}, page_size, first={"page": 1}, start=start)


def last_page(client: VscoClient, path: str, query: Query, page_size: int) -> int:
    """How many pages a list has now; 1 if it does not say."""
    answer = client.read(path, {**query, "pageSize": page_size, "page": 1})
    return _count(answer, "totalPages") or 1


def whole(client: VscoClient, path: str, query: Query | None = None) -> list[Body]:
    """A list that the specification does not page. Should it be paged all the same, its other pages are asked for.

    One object in its place is a list of one: the specification has GET /tax-rate answer so.
    """
    return distinct(item for page in _pages(client, path, query or {}, 100, first={}) for item in page)


def distinct(items: Iterator[Body]) -> list[Body]:
    """Each object once, as it was seen last, oldest id first."""
    by_id = {str(item["id"]): item for item in items}
    return [by_id[id_] for id_ in sorted(by_id)]


def _pages(
    client: VscoClient, path: str, query: Query, page_size: int, first: Query, start: int = 1
) -> Iterator[list[Body]]:
    page, detours, known, seen_before = start, 0, 0, list[str]()
    while page <= _MOST_PAGES and detours <= _MOST_DETOURS:
        answer = client.read(path, {**query, **(first if page == 1 else {"page": page})})
        items, total, last = (
            _items(path, answer, or_one=not first),
            _count(answer, "totalItems"),
            _count(answer, "totalPages"),
        )
        lost, known = (known - total, total) if total is not None else (0, known)
        if page > 1 and lost > 0:
            page, seen_before, detours = max(1, page - 1 - (lost - 1) // page_size), [], detours + 1
            continue
        if not items:
            return
        ids = [str(item["id"]) for item in items]
        if ids == seen_before:  # a whole page was pushed down, or the server does not heed `page`: this is no end
            page, detours = page + 1, detours + 1
            continue
        yield items
        if (last is None and not first) or (last is not None and page >= last):
            return
        page, seen_before = page + 1, ids
    raise NoList("vsco_list_unsteady", f"VSCO Workspace's list {path} did not hold still.")


class NoList(TemporaryError):
    """An answer, and no list. That may be a moment's trouble of the server, or how it always answers."""


def _items(path: str, answer: Body, or_one: bool) -> list[Body]:
    items = answer.get("items")
    if isinstance(items, list) and all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in items):
        return items
    if or_one and items is None and is_id(answer.get("id")):
        return [answer]
    raise NoList("vsco_unavailable", f"VSCO Workspace's list {path} came without its items.")


def _count(answer: Body, name: str) -> int | None:
    meta = answer.get("meta")
    value = meta.get(name) if isinstance(meta, dict) else None
    return value if type(value) is int else None
