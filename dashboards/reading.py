"""Which figures are shown: the newest that can be read, with a sentence where those are not the newest of all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from billing.domain.published_file import previous_of, seen_current_of
from billing.domain.storage import LOCKED, refusal
from dashboards.queries import Figures, FileVersion, Unreadable, published_version

Load = Callable[[FileVersion, date | None], Figures]

_log = logging.getLogger(__name__)
_ANEW = "`billing warehouse rebuild` makes them anew."


@dataclass(frozen=True, slots=True)
class Shown:
    """`trouble`: why the newest are not shown, and what to do. Without `figures`, why there are none at all."""

    figures: Figures | None
    version: FileVersion | None
    trouble: str = ""


def newest_readable(published: Path, load: Load, refused: dict[FileVersion, Unreadable]) -> Shown:
    """The published figures, else those before them. `refused` are versions that opened and failed later; kept."""
    troubles: list[str] = []
    for path in (published, previous_of(published)):
        version = published_version(path)
        if version is None:
            continue
        try:
            if version in refused:
                raise refused[version]
            return Shown(load(version, None), version, troubles[0] if troubles else _missing(path, published))
        except Unreadable as error:
            _log.warning("%s cannot be read: %s", path, error)
            troubles.append(f"The newest figures cannot be read: {_why(error)}")
    return Shown(None, None, troubles[0] if troubles else "")


def current_at(published: Path, version: FileVersion) -> datetime:
    """When these figures were last known to be those of the ledger, by this machine's clock.

    That is when they were published, or when the pipeline last looked and found nothing newer in the ledger.
    """
    at_ns = version.modified_ns
    if version.path == str(published.absolute()) and (seen := published_version(seen_current_of(published))):
        at_ns = max(at_ns, seen.modified_ns)
    return datetime.fromtimestamp(at_ns / 1e9, UTC)


def _missing(path: Path, published: Path) -> str:
    return "" if path == published else f"The newest figures are missing; {_ANEW}"


def _why(error: Unreadable) -> str:
    """The machine's own words stay in the log: they name paths."""
    if error.is_of_another_version:
        return "another version of this program made them. New ones follow with the next run of refresh_warehouse."
    known = refusal(str(error))
    if known is LOCKED:
        return "another program holds their file to write to it. Close it there, or open it there to read only."
    return f"{known.reason if known else 'their file is damaged'}. {_ANEW}"
