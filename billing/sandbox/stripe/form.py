"""Stripe's form encoding: `a[b][0][c]=d` on the wire, nested dicts and lists here."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from billing.sandbox.store import Body
from billing.sandbox.stripe.errors import invalid

_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 10


def decode(encoded: str) -> Body:
    """The nested parameters of a query string or a form body. Every leaf is a string."""
    root: Body = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, max_num_fields=2000):
        _insert(root, _path(name), value, name)
    return {name: _listed(node) for name, node in root.items()}


def _path(name: str) -> list[str]:
    head, bracket, _ = name.partition("[")
    tail = name[len(head) :]
    segments = _SEGMENT.findall(tail)
    if bracket and (not head or "".join(f"[{segment}]" for segment in segments) != tail or len(segments) > _DEEPEST):
        raise invalid(f"Invalid request: the parameter name {name[:80]!r} is not well formed.")
    return [head, *segments]


def _insert(node: Body, path: list[str], value: str, name: str) -> None:
    for segment in path[:-1]:
        node = node.setdefault(segment or str(len(node)), {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid request: {name[:80]!r} is given both as a value and as a hash.", path[0])
    last = path[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise invalid(f"Invalid request: {name[:80]!r} is given both as a value and as a hash.", path[0])
    node[last] = value


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    listed = {key: _listed(value) for key, value in node.items()}
    if listed and all(key.isdecimal() for key in listed):
        return [listed[key] for key in sorted(listed, key=int)]
    return listed
