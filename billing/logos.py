"""The studio's logo, opened and decoded before it is believed: what cannot be drawn would leave half a head."""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

BYTES_MAX = 512 * 1024
SIDE_MAX = 4000  # pixels; it is printed at most 70 mm wide, for which 1,700 are 600 dots an inch
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}

_SVG = "{http://www.w3.org/2000/svg}svg"
_DRAWN_MODES = ("1", "L", "LA", "P", "PA", "I", "RGB", "RGBA", "CMYK")  # Pillow's; others lose their colours in a PDF
_SIZE = re.compile(r"[-+]?\d*\.?\d+(e[-+]?\d+)?([a-z]{2}|%)?", re.IGNORECASE)
_ELSEWHERE = re.compile(r"@import|url\(\s*['\"]?(?!#|data:image/)", re.IGNORECASE)
_DATA_URL = re.compile(r"data:(image/[a-z+]+);base64,(.*)", re.DOTALL)


def data_url(path: Path) -> str:
    """The logo as it goes into an invoice. ValueError says in one sentence why it cannot be printed."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path} is no SVG, PNG or JPEG")
    if not path.is_file() or path.stat().st_size > BYTES_MAX:
        raise ValueError(f"{path} is not there or larger than 512 KiB")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from error
    if flaw := _flaw(kind, content):
        raise ValueError(f"{path} {flaw}")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@lru_cache(maxsize=8)
def is_sound(url: str) -> bool:
    """Whether a logo that came with an invoice can be printed; an invoice may be older than these rules."""
    found = _DATA_URL.fullmatch(url)
    if found is None or found[1] not in KINDS.values():
        return False
    try:
        return _flaw(found[1], base64.b64decode(found[2], validate=True)) is None
    except ValueError:
        return False


def _flaw(kind: str, content: bytes) -> str | None:
    return _flaw_of_drawing(content) if kind == KINDS[".svg"] else _flaw_of_picture(kind, content)


def _flaw_of_picture(kind: str, content: bytes) -> str | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with _strictly(), Image.open(BytesIO(content), formats=["PNG", "JPEG"]) as picture:
            if Image.MIME.get(picture.format or "") != kind:
                return f"is a {picture.format} under another ending; name it as what it is"
            if max(picture.size) > SIDE_MAX:
                return f"is {picture.width} x {picture.height} pixels large; make it at most {SIDE_MAX} on a side"
            picture.load()
            return None if picture.mode in _DRAWN_MODES else "has colours that print wrongly; save it as RGB"
    except UnidentifiedImageError:
        return "is no picture, whatever its ending says"
    except Image.DecompressionBombError:
        return f"is too large; make it at most {SIDE_MAX} pixels on a side"
    except Exception:  # Pillow's decoders raise nearly anything over a damaged file
        return "is cut off or damaged; save it anew"


@contextmanager
def _strictly() -> Iterator[None]:
    """Errors, not warnings, and for half a picture too, which WeasyPrint lets Pillow pass as soon as it is imported."""
    from PIL import ImageFile

    was, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = was


def _flaw_of_drawing(content: bytes) -> str | None:
    if b"<!entity" in content.lower():
        return "declares entities, which are not followed; save it as plain SVG"
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  # entities, the one danger, are refused above
    except (ElementTree.ParseError, ValueError, LookupError):
        return "is no SVG drawing, or cut off"
    if root.tag != _SVG:
        return "is no SVG drawing"
    sizes = root.get("viewBox", "").replace(",", " ").split() or [root.get("width", ""), root.get("height", "")]
    if not all(map(_SIZE.fullmatch, sizes)) or len(sizes) not in (2, 4):
        return "has no size; give it a viewBox, or width and height"
    if any(element.tag.rpartition("}")[2] in ("script", "foreignObject") for element in _elements(root)):
        return "holds a script or a piece of a web page; save it as plain SVG"
    if any(_leads_elsewhere(element) for element in _elements(root)):
        return "refers to something outside of itself; put pictures and styles into it"
    return None


def _elements(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    return (element for element in root.iter() if isinstance(element.tag, str))


def _leads_elsewhere(element: ElementTree.Element) -> bool:
    links = [value for name, value in element.attrib.items() if name.rpartition("}")[2] == "href"]
    texts = [*element.attrib.values(), element.text or ""]
    return any(not link.startswith(("#", "data:image/")) for link in links) or any(map(_ELSEWHERE.search, texts))
