"""The inbox page: what the studio's clients would have received, to look at with one's own eyes."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from billing.sandbox import pages
from billing.sandbox.mail import KIND, parse, raw_mail
from billing.sandbox.store import Body, Store

_PAGE_SIZE = 50
_MAIL_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
# A doctype, and where an html and a head element begin; each may be left out, and comments may stand before it.
_HEAD = re.compile(
    r"(?is)(\s|<!--.*?-->)*(<!doctype[^>]*>)?(\s|<!--.*?-->)*(<html[^>]*>)?(\s|<!--.*?-->)*(<head[^>]*>)?"
)
_ABSENT = {"title": "No such mail", "sentence": "This mail is not in the sandbox's inbox."}


def opened(store: Store, id_: str) -> Body | None:
    """One mail, parsed: its envelope, headers, text, html and attachments (name, type, size, sha256)."""
    mail, raw = store.get(KIND, id_), raw_mail(store, id_)
    if mail is None or raw is None:
        return None
    message = parse(raw)
    parts = [_describe(index, part) for index, part in enumerate(message.iter_attachments())]
    return {
        **mail,
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": _body_text(message, "plain"),
        "html": _body_text(message, "html"),
        "attachments": parts,
    }


def _body_text(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except (LookupError, ValueError, KeyError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else None


def _content(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else part.as_bytes()


def _describe(index: int, part: EmailMessage) -> Body:
    content = _content(part)
    return {
        "index": index,
        "name": part.get_filename() or f"part-{index + 1}",
        "type": part.get_content_type(),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _with_pictures(message: EmailMessage, html: str) -> str:
    """Pictures that travel inside the mail (cid:) become data URLs; nothing else is ever fetched."""
    for part in message.walk():
        cid = str(part.get("content-id", "")).strip("<> ")
        if cid and part.get_content_maintype() == "image":
            data = base64.b64encode(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]
            html = html.replace(f"cid:{cid}", f"data:{part.get_content_type()};base64,{data}")
    return html


def _in_new_tabs(html: str) -> str:
    """Links of a letter leave its frame. The element goes into the head: before the doctype it would be no doctype."""
    head = _HEAD.match(html)  # always: each part of it may be missing
    at = head.end() if head else 0
    return f'{html[:at]}<base target="_blank">{html[at:]}'


class _Inbox:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, request: Request) -> Response:
        text = request.query_params.get("page", "1")
        number = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
        total = self._store.count(KIND)
        mails = self._store.newest(KIND, limit=_PAGE_SIZE, offset=(number - 1) * _PAGE_SIZE)
        values: Body = {"mails": [_row(mail) for mail in mails], "total": total, "number": number}
        last = max(1, -(-total // _PAGE_SIZE))
        return pages.page("inbox.html", **values, last=last, root=request.scope.get("root_path", ""))

    async def one(self, request: Request) -> Response:
        mail = opened(self._store, str(request.path_params["id"]))
        if mail is None:
            return pages.page("message.html", 404, **_ABSENT)
        shown = {**_row(mail), **{name: mail[name] for name in ("headers", "text", "html", "attachments")}}
        return pages.page("mail.html", mail=shown, root=request.scope.get("root_path", ""))

    async def html(self, request: Request) -> Response:
        raw = raw_mail(self._store, str(request.path_params["id"]))
        html = _body_text(parse(raw), "html") if raw else None
        if raw is None or html is None:
            return pages.page("message.html", 404, **_ABSENT)
        shown = _in_new_tabs(_with_pictures(parse(raw), html))
        return HTMLResponse(shown, headers=pages.headers(_MAIL_POLICY))

    async def raw(self, request: Request) -> Response:
        raw = raw_mail(self._store, str(request.path_params["id"]))
        if raw is None:
            return pages.page("message.html", 404, **_ABSENT)
        return Response(raw, media_type="text/plain; charset=utf-8", headers=pages.headers())

    async def attachment(self, request: Request) -> Response:
        raw = raw_mail(self._store, str(request.path_params["id"]))
        parts = list(parse(raw).iter_attachments()) if raw else []
        index = request.path_params["index"]
        if index >= len(parts):
            return pages.page("message.html", 404, **_ABSENT)
        return _file(parts[index], f"part-{index + 1}")


def _file(part: EmailMessage, fallback: str) -> Response:
    """A PDF opens in the browser, anything else is only ever saved."""
    is_pdf = part.get_content_type() == "application/pdf"
    name = re.sub(r"[^\w.-]+", "-", part.get_filename() or fallback, flags=re.ASCII)
    way = "inline" if is_pdf else "attachment"
    disposition = f'{way}; filename="{name}"'
    media_type = "application/pdf" if is_pdf else "application/octet-stream"
    # a PDF viewer is itself a page with styles and scripts: a stricter policy would leave it blank
    policy = "frame-ancestors 'none'" if is_pdf else "default-src 'none'; frame-ancestors 'none'"
    extra = {**pages.headers(policy), "Content-Disposition": disposition}
    return Response(_content(part), media_type=media_type, headers=extra)


def _row(mail: Body) -> dict[str, Any]:
    at = datetime.fromisoformat(mail["received_at"])
    to = mail["to"] or ", ".join(mail["envelope_to"])
    shown = {name: mail[name] for name in ("id", "subject", "has_attachment")}
    people = [(name, address) for name, address in getaddresses([to]) if name or address]
    return {
        **shown,
        "from": _as_people_read_it(mail["from"] or ""),
        "to": to,
        "who": ", ".join(name or address for name, address in people) or to,
        "addresses": ", ".join(address for name, address in people if name),
        "day": f"{at.day} {at:%B %Y}",
        "time": f"{at:%H:%M}",
    }


def _as_people_read_it(header: str) -> str:
    """Without the quotes that only programs need; what is no address at all stays as it came."""
    people = [(name, address) for name, address in getaddresses([header]) if address]
    return ", ".join(f"{name} <{address}>" if name else address for name, address in people) or header


def build_inbox(store: Store) -> Starlette:
    inbox = _Inbox(store)
    return Starlette(
        routes=[
            Route("/", inbox.list),
            Route("/sandbox.css", pages.stylesheet),
            Route("/{id:int}", inbox.one),
            Route("/{id:int}/html", inbox.html),
            Route("/{id:int}/raw", inbox.raw),
            Route("/{id:int}/attachments/{index:int}", inbox.attachment),
        ]
    )
