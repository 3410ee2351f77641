"""Variables of the environment and of .env that change nothing: misspelt, twice, or where nobody reads them.

A choice that does not take effect is worse than one that is refused, so `billing up` does not start with one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from billing.cli.doctor.findings import Finding
from billing.cli.ports import PORT_VARIABLES
from billing.settings import PREFIX, Settings, variable

ENV_FILE = Path(".env")
OF_THE_SETTINGS = frozenset(variable(field) for field in Settings.model_fields)
OF_THE_DASHBOARD = frozenset({"BILLING_DASHBOARD_EMAILS", "BILLING_DASHBOARD_HOSTS"})
# Options of the command line: click reads the environment, and nothing hands it what .env says.
OF_THE_COMMAND_LINE = PORT_VARIABLES | {"BILLING_PORTAL_HOST"}
KNOWN = OF_THE_SETTINGS | OF_THE_DASHBOARD | OF_THE_COMMAND_LINE
_NEARLY_THE_PREFIX = 0.9


def variables(_settings: Settings) -> Finding:
    """A detail for each variable that takes no effect."""
    details = (*_in_environment(), *_in_file(ENV_FILE))
    if details:
        return Finding("variables", False, f"Without effect: {', '.join(one.name for one in details)}.", details)
    return Finding("variables", True, f"each {PREFIX}… is a setting")


def _in_environment() -> Iterator[Finding]:
    for name in sorted(os.environ):
        if name.upper() not in KNOWN and (meant := _meant_by(name)) is not None:
            yield _wrong(name, f"in the environment is no setting.{meant}")


def _in_file(path: Path) -> Iterator[Finding]:
    if not path.is_file():
        return
    with open(path, encoding="utf-8-sig") as file:
        lines = [line for line in parse_stream(file) if line.key is not None or line.error]
    times = Counter(line.key for line in lines)
    for line in lines:
        name = line.key or f"line {line.original.line}"
        if (wrong := _what_is_wrong(line, path)) is not None:
            yield _wrong(name, wrong)
        elif times[line.key] > 1:
            times[line.key] = 1
            yield _wrong(name, f"is in {path} more than once, and the last one counts.")


def _what_is_wrong(line: Binding, path: Path) -> str | None:
    if line.error or line.key is None:
        return f"of {path} cannot be read: write NAME=value, with quotes around what holds blanks or #."
    name = line.key.upper()
    if name in OF_THE_COMMAND_LINE:
        return f"is not read from {path}: set it in the environment, or use the option of the command."
    if name in KNOWN:
        return None if line.value is not None else f"has no value in {path}: write {line.key}=…"
    if f"{PREFIX}{name}" in KNOWN:
        return f"in {path} is no setting. Is {PREFIX}{name} meant?"
    meant = _meant_by(line.key)
    return None if meant is None else f"in {path} is no setting.{meant}"


def _meant_by(name: str) -> str | None:
    """What a name that is no setting was meant for, in words; empty if nothing is near, None if it is not our business.

    >>> _meant_by("BILLING_STUDIO_NAM"), _meant_by("BILING_DUE_DAYS"), _meant_by("BILLING_QWX"), _meant_by("LANG")
    (' Is BILLING_STUDIO_NAME meant?', ' Is BILLING_DUE_DAYS meant?', '', None)
    """
    name = name.upper()
    if not name.startswith(PREFIX):
        near = get_close_matches(name, KNOWN, n=1, cutoff=_NEARLY_THE_PREFIX)
        return f" Is {near[0]} meant?" if near else None
    endings = [known.removeprefix(PREFIX) for known in KNOWN]
    near = get_close_matches(name.removeprefix(PREFIX), endings, n=1)
    return f" Is {PREFIX}{near[0]} meant?" if near else ""


def _wrong(name: str, sentence: str) -> Finding:
    return Finding(name, False, sentence)
