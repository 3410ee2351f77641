"""What WeasyPrint needs once per process: the packaged fonts, the parsed style, and no way to the outside."""

from __future__ import annotations

import atexit
import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from weasyprint import CSS
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from billing.adapters.documents.faces import OTHERS, OURS, Face

_COMPLAINT_LENGTH = 200  # characters: one about a picture quotes the whole picture
_OURS_ALONE = Path(__file__).parent / "templates" / "fonts.conf"
_BY_URL = {face.url: face for face in (*OURS, *OTHERS)}


class _FontShelf(URLFetcher):  # type: ignore[misc]  # weasyprint ships no types
    """Hands out the packaged fonts by name, and nothing else."""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        return URLFetcherResponse(url, _BY_URL[url].content())


class _Complaints(logging.Handler):
    """Keeps what is said, at the level of a warning and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage()[:_COMPLAINT_LENGTH])


@contextmanager
def complaints() -> Iterator[list[str]]:
    """What WeasyPrint and fontTools complain of meanwhile: a letter, a picture or a rule that is not on the sheet."""
    keeper = _Complaints()
    loggers = [logging.getLogger(name) for name in ("weasyprint", "fontTools")]
    for logger in loggers:
        logger.addHandler(keeper)
    try:
        yield keeper.said
    finally:
        for logger in loggers:
            logger.removeHandler(keeper)


@contextmanager
def sealed() -> Iterator[None]:
    """Fontconfig knows no font of the machine's, and no font carries the time of its making."""
    ours = {"FONTCONFIG_FILE": str(_OURS_ALONE), "SOURCE_DATE_EPOCH": "0"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@cache
def sealed_fetcher() -> URLFetcher:
    """For documents: data: only, so that no name, note or logo reaches the network or a file."""
    return URLFetcher(allowed_protocols=("data",), allow_redirects=False)


@lru_cache(maxsize=8)  # a few clients' scripts; the largest keeps 16 MB in a temporary file
def fonts(faces: tuple[Face, ...] = ()) -> FontConfiguration:
    """Our own fonts and these, loaded once; a set for each need, so that nothing depends on what came before."""
    configuration = FontConfiguration()
    rules = "\n".join(map(_face_rule, (*OURS, *faces)))
    CSS(string=rules, font_config=configuration, url_fetcher=_FontShelf())
    return configuration


@lru_cache(maxsize=32)
def style(page_size: str, accent: str, faces: tuple[Face, ...] = ()) -> CSS:
    """The parsed style sheet for a paper, an accent and scripts; parsing it costs more than laying out an invoice."""
    from billing.adapters.documents.typesetter import templates

    source = templates().get_template("sheet.css").render(page_size=page_size, accent=accent, faces=faces)
    return CSS(string=source, font_config=fonts(faces), url_fetcher=sealed_fetcher())


def _face_rule(face: Face) -> str:
    weight = f" font-weight: {face.weight};" if face.weight else ""
    return f'@font-face {{ font-family: "{face.family}";{weight} src: url("{face.url}") }}'


@atexit.register
def _forget_fonts() -> None:
    style.cache_clear()
    fonts.cache_clear()
    gc.collect()  # finished documents are cycles that hold the fonts, and only the last holder removes their folder
