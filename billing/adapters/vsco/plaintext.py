"""Text for paper and mail out of what people typed into forms and editors."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from billing.domain.lengths import RAW_TEXT_MAX

_BREAKS = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li"}
    | {"ol", "p", "pre", "section", "table", "tr", "ul"}
)
_SILENT = frozenset({"script", "style", "head", "title", "template"})
_WORD_LEFTOVERS = re.compile(r"<!\[[^>]{0,100}>")  # "<![if !supportLists]>", "<![endif]-->": pasted from Word
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def one_line(text: str) -> str:
    """No line break (they split mail headers), no control character, single spaces; markup stays as the text it is."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def plain_text(html: str | None) -> str:
    """The words of an HTML fragment: blocks become lines, list items get a bullet, scripts and styles vanish."""
    reader = _Reader()
    try:
        reader.feed(_WORD_LEFTOVERS.sub("", (html or "")[:RAW_TEXT_MAX]))
        reader.close()
    except AssertionError:  # html.parser's answer to a broken "<![…": what came before it is kept
        pass
    lines = [one_line(line) for line in "".join(reader.parts).split("\n")]
    return "\n".join(line for line in lines if line and line != "•")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BREAKS:
            self.parts.append("\n• " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s", " ", data))
