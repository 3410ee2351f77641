"""Faults on the wire, ordered through /admin/faults and kept in the store, so that they survive a restart."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing.sandbox.store import Body, Store

# What each does. "after" kinds carry the request out first: its effect is real, and its answer is lost.
KINDS = {
    "500_before": "500; nothing was done",
    "500_after": "500; it was done, and the 500 is remembered under the idempotency key",
    "reset_before": "the line is cut; nothing was done",
    "reset": "the line is cut; it was done",
    "truncate": "half of the answer arrives; it was done",
    "wrong_length": "the head names fewer bytes than the answer has, which ends in the middle; it was done",
    "timeout_before": "no answer for delay_ms, then the line is cut; nothing was done",
    "timeout": "no answer for delay_ms, then the line is cut; it was done",
    "429": "rate limited, with Retry-After; nothing was done",
    "409": "another request holds the idempotency key; nothing was done",
    "webhook_lost": "the web hook is never sent",
    "webhook_doubled": "the web hook is sent twice at the same instant",
    "webhook_late": "the web hook is sent after delay_ms, and others before it",
    "webhook_reordered": "the web hook is sent after the next one; without a next one, never",
}
_OF_WEB_HOOKS = "/webhooks/"  # their path is this and the event's type
_KIND = "stripe.fault"
_LATENCY = "stripe:latency_ms"
_COUNT = "stripe:faults"
_USUAL: Body = {"method": "*", "path_prefix": "/v1/", "path_suffix": "", "times": 1, "retry_after": 1}
_USUAL |= {"delay_ms": 0, "remember": False}


def order(store: Store, given: Body) -> Body:
    """Add a fault for the next `times` calls that fit. ValueError names what is wrong."""
    if given.get("kind") not in KINDS:
        raise ValueError(f"There is no fault {given.get('kind')!r}; there are {', '.join(KINDS)}.")
    unknown = sorted(set(given) - set(_USUAL) - {"kind"})
    if unknown:
        raise ValueError(f"A fault has no {', '.join(unknown)}; it has kind, {', '.join(_USUAL)}.")
    with store.transaction():
        id_ = str(store.next_number("stripe:fault"))
        where = {"path_prefix": _OF_WEB_HOOKS} if given["kind"].startswith("webhook_") else {}
        fault = store.put(_KIND, id_, {**_USUAL, **where, **given, "id": id_})
        _recount(store)
    return fault


def ordered(store: Store) -> list[Body]:
    return store.newest(_KIND)[::-1]


def forget(store: Store) -> None:
    with store.transaction():
        for fault in ordered(store):
            store.delete(_KIND, fault["id"])
        _recount(store)


def set_latency(store: Store, milliseconds: int) -> None:
    store.set_setting(_LATENCY, str(milliseconds))


def latency_seconds(store: Store) -> float:
    return int(store.setting(_LATENCY) or 0) / 1000


def take(store: Store, method: str, path: str) -> Body | None:
    """The oldest fault that fits this call, used up by one."""
    if (store.setting(_COUNT) or "0") == "0":
        return None
    with store.transaction():
        for fault in ordered(store):
            if fault["method"] in ("*", method) and _fits(fault, path):
                _use_up(store, fault)
                return fault
    return None


def take_webhook(store: Store, event_type: str) -> Body | None:
    """The oldest fault for the web hook of such an event."""
    return take(store, "POST", f"{_OF_WEB_HOOKS}{event_type}")


def _fits(fault: Body, path: str) -> bool:
    return path.startswith(fault["path_prefix"]) and path.endswith(fault["path_suffix"])


def _use_up(store: Store, fault: Body) -> None:
    if fault["times"] > 1:
        store.put(_KIND, fault["id"], {**fault, "times": fault["times"] - 1})
    else:
        store.delete(_KIND, fault["id"])
    _recount(store)


def _recount(store: Store) -> None:
    store.set_setting(_COUNT, str(len(store.newest(_KIND))))


class FaultyLine:
    """ASGI middleware: breaks the wire as ordered. What the API itself must know of is left in the scope for it."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        fault = take(self._store, scope["method"], path) if path.startswith("/v1/") else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        kind = fault["kind"]
        if kind in ("reset", "reset_before", "timeout", "timeout_before", "truncate", "wrong_length"):
            await self._break(fault, scope, receive, send)
            return
        await asyncio.sleep(fault["delay_ms"] / 1000)
        await self._app({**scope, "stripe.fault": fault}, receive, send)

    async def _break(self, fault: Body, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Kept()
        if not fault["kind"].endswith("_before"):
            await self._app(scope, receive, answer.keep)
        await asyncio.sleep(fault["delay_ms"] / 1000)
        if fault["kind"] == "truncate":
            await answer.send_half(send)
        elif fault["kind"] == "wrong_length":
            await answer.send_short(send)
        else:
            await _cut(scope, receive, send)


class _Kept:
    """An answer that was given and does not arrive whole."""

    def __init__(self) -> None:
        self._start: Message = {}
        self._body = b""

    async def keep(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    async def send_half(self, send: Send) -> None:
        """The head promises the whole length."""
        await send(self._start)
        await send({"type": "http.response.body", "body": self._body[: len(self._body) // 2], "more_body": True})

    async def send_short(self, send: Send) -> None:
        """Whoever believes the head reads a body that breaks off."""
        short = self._body[: max(1, len(self._body) - 9)]
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        await send({**self._start, "headers": [*headers, (b"content-length", str(len(short)).encode())]})
        await send({"type": "http.response.body", "body": short})


async def _cut(scope: Scope, receive: Receive, send: Send) -> None:
    """End the connection under the answer.

    ASGI has no word for it. Where the outermost layer left the transport in the scope the line is reset; elsewhere an
    answer is begun and left unfinished, upon which the server closes it.
    """
    transport: Any = scope.get("sandbox.transport")
    if transport is None:
        head = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        return
    raw = transport.get_extra_info("socket")
    with suppress(OSError):  # the caller may have hung up before
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        continue  # until the server knows that it has lost the line, it would answer 500 for us
