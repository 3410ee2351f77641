"""What a setting of one kind may hold: each function returns the value, or says in one sentence why not."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from billing.standards.countries import country_code

LANGUAGES = ("de", "en", "es", "fr")  # those that the documents have words in (a test holds that)
_SERIES = re.compile(r"(\w|\{year\})(\w|\{year\}|[-/._ ])*")
_SERIES_LENGTH = 30  # characters, the year filled in; what stands on the sheet and in a subject must stay readable
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+")
_NEEDS_A_LINE = ("Cc", "Zl", "Zp")  # control characters, line and paragraph separators


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) in _NEEDS_A_LINE for character in text):
        raise ValueError(f"{text!r} is more than one line, or holds a control character")
    return text


def _number_series(text: str) -> str:
    if not _SERIES.fullmatch(text):
        raise ValueError(
            f"{text!r} is no series of numbers such as INV-{{year}}-: it is made of letters, digits, {{year}}, spaces"
            " and - / . _, and begins with one of the first three"
        )
    if len(text.replace("{year}", "2026")) > _SERIES_LENGTH:
        raise ValueError(f"{text!r} is longer than {_SERIES_LENGTH} characters")
    return text


def _website(text: str) -> str:
    """With or without https://, as it is printed."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        is_address = parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or ""))
    except ValueError:
        is_address = False
    if text and (not is_address or re.search(r"\s", text)):
        raise ValueError(f"{text!r} is no address of a web site, such as www.your-studio.example")
    return text


def _server(url: str | None) -> str | None:
    """The address itself may hold a password, and is not said."""
    try:
        parts = urlsplit(url or "https://unset")
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address or re.search(r"\s", url or ""):
        raise ValueError("not an address such as https://host or http://127.0.0.1:8010")
    return url


def _host(name: str) -> str:
    if not re.fullmatch(r"[\w.:-]+|\[[\w.:]+\]", name):
        raise ValueError(f"{name!r} is no name of a server, such as smtp.your-provider.example")
    return name


def _country(text: str) -> str:
    """Understood as a client's is, and kept as its code."""
    code = country_code(text)
    if code is None:
        raise ValueError(f"{text!r} is no country of ISO 3166-1, such as DE, GB or US")
    return code


def _language(tag: str) -> str:
    language, *rest = re.split("[-_]", tag)
    if language.lower() not in LANGUAGES or not all(re.fullmatch(r"[A-Za-z0-9]{2,8}", part) for part in rest):
        raise ValueError(f"{tag!r} is no language that there are words in: {', '.join(LANGUAGES)}, or such as de-AT")
    return tag


def _folder(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is a file; name a folder")
    return path


def _file(path: Path) -> Path:
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file in it")
    return path


OneLine = Annotated[str, AfterValidator(_one_line)]
NumberSeries = Annotated[str, AfterValidator(_number_series)]
Website = Annotated[str, AfterValidator(_website)]
Server = Annotated[str, AfterValidator(_server)]
Host = Annotated[str, AfterValidator(_host)]
Country = Annotated[str, AfterValidator(_country)]
Language = Annotated[str, AfterValidator(_language)]
Folder = Annotated[Path, AfterValidator(_folder)]
File = Annotated[Path, AfterValidator(_file)]
