"""Faults and latency on demand: the ways a vendor's line fails, ordered through /sandbox/faults and kept stored."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing.sandbox.store import Body, Store

WIRE_KINDS = frozenset(
    {"500_before", "500_after", "reset", "reset_after", "truncate", "timeout", "429", "401", "403"}
    | {"malformed_json", "wrong_length"}
)  # all but 500_before, reset, 429, 401 and 403 carry the request out first
LIST_KINDS = frozenset({"shifting_page"})
SMTP_KINDS = frozenset({"bounce", "greylist", "full", "drop", "down"})
KINDS = {"vsco": WIRE_KINDS | LIST_KINDS, "pixieset": WIRE_KINDS, "smtp": SMTP_KINDS}
_DEFAULTS: Body = {"method": "", "path_prefix": "", "times": 1, "delay_seconds": 5.0, "retry_after": 1, "address": ""}
_ERRORS = {
    401: ("unknown", "Unauthorized", "API key is missing or invalid"),
    403: ("unknown", "Forbidden", "API key has no access to this resource"),
    429: ("quota-limit", "Too Many Requests", "Exceeded request quota, see Retry-After header"),
    500: ("unknown", "Internal Server Error", "Something went wrong."),
}
_PIXIESETS_WORDS = {401: "Unauthenticated.", 403: "Forbidden.", 429: "Too Many Attempts.", 500: "Server Error"}


def add(store: Store, target: str, fault: Body) -> Body:
    """Order a fault for the next `times` matching calls. Raises ValueError for an order that makes no sense."""
    if fault.get("kind") not in KINDS.get(target, frozenset()):
        raise ValueError(f"{target} knows no fault {fault.get('kind')!r}; it knows {sorted(KINDS.get(target, []))}.")
    if unknown := set(fault) - {"kind", *_DEFAULTS}:
        raise ValueError(f"A fault has no {', '.join(sorted(unknown))}; it has {', '.join(_DEFAULTS)}.")
    if wrong := [name for name, value in fault.items() if name != "kind" and not _fits(value, _DEFAULTS[name])]:
        raise ValueError(f"{', '.join(wrong)}: a fault looks like {_DEFAULTS}.")
    number = store.next_number("fault")
    return store.put("fault", str(number), {**_DEFAULTS, **fault, "id": str(number), "target": target}, target)


def _fits(value: object, example: object) -> bool:
    """A word where a word is wanted, a number that is not negative where a number is."""
    if isinstance(example, str):
        return isinstance(value, str)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return value >= 0 and (isinstance(example, float) or isinstance(value, int))


def take(store: Store, target: str, kinds: frozenset[str], method: str = "", path: str = "") -> Body | None:
    """The oldest ordered fault that fits this call, used up by one."""
    if not store.newest("fault", target):
        return None
    with store.transaction():
        for fault in reversed(store.newest("fault", target)):
            if fault["kind"] in kinds and fault["method"] in ("", method) and path.startswith(fault["path_prefix"]):
                use_up(store, fault)
                return fault
    return None


def use_up(store: Store, fault: Body) -> None:
    if fault["times"] <= 1:
        store.delete("fault", fault["id"])
    else:
        store.put("fault", fault["id"], {**fault, "times": fault["times"] - 1})


def set_latency(store: Store, target: str, seconds: float) -> None:
    store.set_setting(f"latency:{target}", str(seconds))


class FaultLine:
    """The line in front of one vendor: passes calls through, or breaks them as ordered."""

    def __init__(self, app: ASGIApp, store: Store, target: str) -> None:
        self._app, self._store, self._target = app, store, target

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(float(self._store.setting(f"latency:{self._target}") or 0))
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        fault = take(self._store, self._target, WIRE_KINDS, scope["method"], path)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._break(fault, scope, receive, send)

    async def _break(self, fault: Body, scope: Scope, receive: Receive, send: Send) -> None:
        kind = fault["kind"]
        if kind == "reset":
            while (await receive()).get("more_body"):
                pass  # a line cut while the client still writes looks otherwise to it than one cut while it waits
            await cut(scope, receive)
            return
        if kind in ("401", "403", "429", "500_before"):
            status = int(kind[:3])
            await _answer(self._target, status, fault).send(send)
            return
        answer = await _Answer.of(self._app, scope, receive)
        if kind == "500_after":
            answer = _answer(self._target, 500, fault)
        elif kind == "timeout":
            await asyncio.sleep(fault["delay_seconds"])
        elif kind == "malformed_json":
            answer.body = answer.body[: max(1, len(answer.body) - 2)] + b',"oops'
        elif kind == "wrong_length":  # the head names fewer bytes than there are
            answer.body = answer.body[: max(1, len(answer.body) - 9)]
        elif kind == "reset_after":
            await cut(scope, receive)
            return
        if kind == "truncate":
            await answer.send_half(send)
            await cut(scope, receive, politely=True)
            return
        await answer.send(send)


async def cut(scope: Scope, receive: Receive, *, politely: bool = False) -> None:
    """End the connection under the answer: by a reset, or (politely) by an end of file in the middle of the body.

    In memory, without a connection, a reset is a ConnectionResetError.
    """
    transport = scope.get("sandbox.transport")
    if transport is None:
        if not politely:
            raise ConnectionResetError("the sandbox was told to cut this line")
        return
    if not politely:
        no_goodbye = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_goodbye)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


class Abortable:
    """Outermost under uvicorn: hands the connection's transport down, which the ASGI interface has no word for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["sandbox.transport"] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


@dataclass
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    async def of(cls, app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
        """Let the application do its work and keep its answer back."""
        answer = cls(200, [], b"")

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        await app(scope, receive, keep)
        return answer

    def _start(self) -> Message:
        headers = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(self.body)).encode()))
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    async def send(self, send: Send) -> None:
        await send(self._start())
        await send({"type": "http.response.body", "body": self.body})

    async def send_half(self, send: Send) -> None:
        await send(self._start())
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


def _answer(target: str, status: int, fault: Body) -> _Answer:
    type_, title, detail = _ERRORS[status]
    body: Body = {"type": type_, "title": title, "detail": detail, "status": status}
    if target == "pixieset":
        body = {"message": _PIXIESETS_WORDS[status]}
    headers = [(b"content-type", b"application/json")]
    if status == 429:
        headers.append((b"retry-after", str(fault["retry_after"]).encode()))
    return _Answer(status, headers, json.dumps(body).encode())
