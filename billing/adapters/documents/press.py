"""What WeasyPrint needs once per process: the packaged fonts, the parsed style, and no way to the outside."""

from __future__ import annotations

import atexit
import gc
import os
import threading
from functools import cache, lru_cache
from importlib.resources import files
from multiprocessing import parent_process
from multiprocessing import util as multiprocessing_util
from typing import Any

from weasyprint import CSS
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

# Family, weight, package, file. Only the weights that the style uses: each costs time in every PDF.
_FACES = {
    "studio-font:sans-400": ("Studio Sans", 400, "font_source_sans_pro", "SourceSansPro-Regular.ttf"),
    "studio-font:sans-600": ("Studio Sans", 600, "font_source_sans_pro", "SourceSansPro-Semibold.ttf"),
    "studio-font:serif-600": ("Studio Serif", 600, "font_source_serif_pro", "SourceSerifPro-Semibold.ttf"),
}


class _FontShelf(URLFetcher):  # type: ignore[misc]  # weasyprint ships no types
    """Hands out the packaged fonts by name, and nothing else."""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        _, _, package, filename = _FACES[url]
        return URLFetcherResponse(url, (files(package) / "files" / filename).read_bytes())


@cache
def sealed_fetcher() -> URLFetcher:
    """For documents: data: only, so that no name, note or logo reaches the network or a file."""
    return URLFetcher(allowed_protocols=("data",), allow_redirects=False)


@cache
def fonts() -> FontConfiguration:
    """The fonts of this process, loaded once."""
    configuration = FontConfiguration()
    CSS(string=_face_rules(), font_config=configuration, url_fetcher=_FontShelf())
    # WeasyPrint keeps copies in a temporary folder; a pool's worker never runs atexit, so it is told in its own way.
    atexit.register(_forget_fonts)
    multiprocessing_util.Finalize(None, _forget_fonts, exitpriority=10)
    return configuration


@lru_cache(maxsize=16)
def style(page_size: str, accent: str) -> CSS:
    """The parsed style sheet for a paper and an accent; parsing it costs more than laying out an invoice."""
    from billing.adapters.documents.typesetter import templates

    source = templates().get_template("sheet.css").render(page_size=page_size, accent=accent)
    return CSS(string=source, font_config=fonts(), url_fetcher=sealed_fetcher())


def _face_rules() -> str:
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url({url}) }}'
        for url, (family, weight, _, _) in _FACES.items()
    )


def _forget_fonts() -> None:
    style.cache_clear()
    fonts.cache_clear()
    gc.collect()  # finished documents are cycles that hold the fonts, and only the last holder removes the folder


def end_with_parent() -> None:
    """In a worker: stop when the process that started it is gone, which a pool's worker does not notice itself."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_end, args=(parent,), daemon=True).start()


def _wait_and_end(parent: Any) -> None:  # pragma: no cover  # runs only in a process that has lost its parent
    parent.join()
    _forget_fonts()
    os._exit(1)
