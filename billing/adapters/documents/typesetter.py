"""One sheet to PDF bytes, in this process. WeasyPrint is imported on first use; fonts and styles are kept."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from billing.adapters.documents.names import isolated_html, one_line
from billing.adapters.documents.qr import qr_data_url
from billing.adapters.documents.sheet import DocumentKind, Sheet, sheet_for
from billing.ports.outside import RenderJob

if TYPE_CHECKING:
    from weasyprint import Document

TEMPLATES = Path(__file__).parent / "templates"
_ONE_AT_A_TIME = Lock()  # Pango's font map is not made for threads


def typeset(job: RenderJob, kind: DocumentKind = DocumentKind.INVOICE) -> bytes:
    """The PDF of one job; the same job gives the same bytes in any process."""
    sheet = sheet_for(job, kind)
    html = sheet_html(sheet)
    with _ONE_AT_A_TIME:
        document = _lay_out(html, sheet)
        if len(document.pages) > 1:
            document = _lay_out(html, sheet, page_label=_page_label(sheet))
        pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def sheet_html(sheet: Sheet) -> str:
    """The sheet's HTML without its style sheet."""
    qr = qr_data_url(sheet.pay_url) if sheet.pay_url else ""
    return templates().get_template("sheet.html").render(sheet=sheet, say=sheet.wording.say, qr=qr)


@cache
def templates() -> Environment:
    """The room's templates: everything escaped, anything missing an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
    )
    environment.filters |= {"name": isolated_html, "plain": one_line}
    return environment


def _lay_out(html: str, sheet: Sheet, page_label: str | None = None) -> Document:
    from weasyprint import CSS, HTML

    from billing.adapters.documents import press

    page_size = "Letter" if sheet.invoice.page_size == "Letter" else "A4"
    styles: list[Any] = [press.style(page_size, sheet.accent)]
    if page_label:
        styles.append(CSS(string=page_label, url_fetcher=press.sealed_fetcher()))
    page = HTML(string=html, url_fetcher=press.sealed_fetcher())
    return page.render(font_config=press.fonts(), stylesheets=styles)


def _page_label(sheet: Sheet) -> str:
    """The foot of each page of a sheet that needs more than one: which document, page x of y."""
    name = f"{sheet.title} {one_line(sheet.number)} · {one_line(sheet.invoice.studio.name)}"
    page = _css_string(sheet.wording.say("sheet.page", page="\0page\0", pages="\0pages\0"))
    counted = page.replace("\0page\0", '" counter(page) "').replace("\0pages\0", '" counter(pages) "')
    return f"@page {{ @bottom-left {{ content: {_css_string(name)} }} @bottom-right {{ content: {counted} }} }}"


def _css_string(text: str) -> str:
    return '"' + text.replace("\\", r"\5c ").replace('"', r"\22 ") + '"'
