"""The warehouse's relations: one .sql file each, with a header that says what a row is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from billing.adapters.warehouse.tables import RAW_TABLES
from billing.domain.errors import PermanentError

LAYERS = ("staging", "marts")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEADER = re.compile(r"--\s*(?:(grain|key):)?\s*(.*)")
_SOURCE = re.compile(r"\b(?:from|join)\s+([a-z][a-z0-9_]*)")
_PARAMETER = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Relation:
    """One .sql file. `description` is a sentence, `grain` what one row is, `key` the columns that tell rows apart.

    `reads` names relations and raw tables; `parameters` the values that the query is given: time_zone, as_of, …
    """

    name: str
    layer: str  # "staging" | "marts"
    description: str
    grain: str
    key: tuple[str, ...]
    query: str
    reads: tuple[str, ...]
    parameters: frozenset[str]


def read_relations(sql_dir: Path) -> list[Relation]:
    """Every relation of `sql_dir`, each after those that it reads.

    PermanentError `malformed_relation` names the file whose header lacks something.
    """
    paths = {path.stem: path for layer in LAYERS for path in sorted((sql_dir / layer).glob("*.sql"))}
    known = paths.keys() | {table.raw_name for table in RAW_TABLES}
    found = {name: _read_relation(path, known) for name, path in paths.items()}
    order = TopologicalSorter({name: [read for read in found[name].reads if read in found] for name in found})
    return [found[name] for name in order.static_order()]


def _read_relation(path: Path, known: set[str]) -> Relation:
    text = path.read_text(encoding="utf-8")
    header = _header(text)
    missing = [part for part in ("description", "grain", "key") if not header.get(part)]
    if missing or not _NAME.fullmatch(path.stem):
        lacking = ", ".join(missing) or "a name of small letters"
        raise PermanentError("malformed_relation", f"{path} lacks {lacking}; see its neighbours.")
    query = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--")).strip()
    sources = set(_SOURCE.findall(query)) & known
    return Relation(
        name=path.stem,
        layer=path.parent.name,
        description=header["description"],
        grain=header["grain"],
        key=tuple(column.strip() for column in header["key"].split(",")),
        query=query.rstrip(";"),
        reads=tuple(sorted(sources - {path.stem})),
        parameters=frozenset(_PARAMETER.findall(query)),
    )


def _header(text: str) -> dict[str, str]:
    parts: dict[str, list[str]] = {"description": []}
    current = "description"
    for line in text.splitlines():
        match = _HEADER.fullmatch(line)
        if match is None:
            break
        current = match[1] or current
        parts.setdefault(current, []).append(match[2])
    return {name: " ".join(words).strip() for name, words in parts.items()}
