"""The sandbox's own web pages: one template environment, and headers that let a page do only what it needs."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

_FOLDER = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self';"
    " form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


def headers(policy: str = _PAGE_POLICY) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def page(template: str, status: int = 200, **values: object) -> Response:
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(**values), status, headers=headers())


async def stylesheet(_request: Request) -> Response:
    return FileResponse(_FOLDER / "sandbox.css", media_type="text/css", headers=headers())
