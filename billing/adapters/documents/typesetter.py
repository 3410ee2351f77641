"""One sheet to PDF bytes, in this process. WeasyPrint is imported on first use; fonts and styles are kept."""

from __future__ import annotations

from functools import cache
from html import unescape
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from billing.adapters.documents.faces import Face, cast
from billing.adapters.documents.names import isolated_html, one_line
from billing.adapters.documents.qr import qr_data_url
from billing.adapters.documents.sheet import DocumentKind, Sheet, sheet_for
from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.ports.outside import RenderJob

if TYPE_CHECKING:
    from weasyprint import Document

TEMPLATES = Path(__file__).parent / "templates"
_NAMED = 5  # characters that a sentence names
_WORDS_SHOWN = 40  # characters on either side
_ONE_AT_A_TIME = Lock()  # Pango's font map is not made for threads


def typeset(job: RenderJob, kind: DocumentKind = DocumentKind.INVOICE) -> bytes:
    """The PDF of one job; the same job gives the same bytes in any process.

    Raises PermanentError: `unprintable` as `check_printable` does, `incomplete` where WeasyPrint complains of anything.
    """
    from billing.adapters.documents import press

    sheet = sheet_for(job, kind)
    html, faces = _in_faces(sheet_html(sheet))
    with _ONE_AT_A_TIME, press.sealed(), press.complaints() as complaints:
        document = _lay_out(html, sheet, faces)
        if len(document.pages) > 1:
            document = _lay_out(html, sheet, faces, page_label=_page_label(sheet))
        pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1")
    if complaints:
        raise PermanentError("incomplete", f"The typesetter says: {'; '.join(complaints)}")
    return pdf


def check_printable(invoice: Invoice) -> None:
    """Raise PermanentError `unprintable` if the invoice's sheet has characters that are in none of our fonts.

    Costs about two milliseconds, and needs neither WeasyPrint nor the fonts themselves.
    """
    try:
        _in_faces(sheet_html(sheet_for(RenderJob(invoice, None))))
    except PermanentError as error:
        raise PermanentError(error.code, f"{error.sentence} Write it without, and it is billed by itself.") from error


def _in_faces(html: str) -> tuple[str, tuple[Face, ...]]:
    """The page in letters that we have, and the faces beside our own that it needs. Its markup is ASCII."""
    casting = cast(html)
    if casting.missing:
        characters = ", ".join(map(_named, casting.missing[:_NAMED]))
        more = f" and {len(casting.missing) - _NAMED} more" if len(casting.missing) > _NAMED else ""
        where = _words_around(casting.missing[0], html)
        raise PermanentError("unprintable", f"No font has {characters}{more}, in “{where}”.")
    return html.translate({ord(one): plain for one, plain in casting.replaced}), casting.faces


def _named(character: str) -> str:
    shown = f"“{character}” " if character.isprintable() else ""
    return f"{shown}U+{ord(character):04X}"


def _words_around(character: str, html: str) -> str:
    """The piece of text in which it stands, a line of it."""
    before, _, after = html.partition(character)
    text = before[-_WORDS_SHOWN:].rpartition(">")[2] + character + after[:_WORDS_SHOWN].partition("<")[0]
    return one_line(unescape(text))


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
    environment.filters |= {"name": _name, "plain": one_line}
    return environment


@pass_context
def _name(context: Context, text: str) -> Markup:
    """A name of the client's on a sheet is written as in the client's country; a letter leaves that to the reader's."""
    sheet = context.get("sheet")
    return isolated_html(text, sheet.invoice.client.country if sheet else None)


def _lay_out(html: str, sheet: Sheet, faces: tuple[Face, ...], page_label: str | None = None) -> Document:
    from weasyprint import CSS, HTML

    from billing.adapters.documents import press

    page_size = "Letter" if sheet.invoice.page_size == "Letter" else "A4"
    styles: list[Any] = [press.style(page_size, sheet.accent, faces)]
    if page_label:
        styles.append(CSS(string=page_label, url_fetcher=press.sealed_fetcher()))
    page = HTML(string=html, url_fetcher=press.sealed_fetcher())
    return page.render(font_config=press.fonts(faces), stylesheets=styles)


def _page_label(sheet: Sheet) -> str:
    """The foot of each page of a sheet that needs more than one: which document, page x of y."""
    name = f"{sheet.title} {one_line(sheet.number)} · {one_line(sheet.invoice.studio.name)}"
    page = _css_string(sheet.wording.say("sheet.page", page="\0page\0", pages="\0pages\0"))
    counted = page.replace("\0page\0", '" counter(page) "').replace("\0pages\0", '" counter(pages) "')
    return f"@page {{ @bottom-left {{ content: {_css_string(name)} }} @bottom-right {{ content: {counted} }} }}"


def _css_string(text: str) -> str:
    return '"' + text.replace("\\", r"\5c ").replace('"', r"\22 ") + '"'
