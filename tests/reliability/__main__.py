"""`make reliability`: all long forms one after the other, and one table of what was tried and what did not hold.

Every module of this folder with a `prove(long, progress)` takes part (proof.py). `--only races power_loss` runs some,
`--write` puts the table into docs/RELIABILITY.md. The exit code is 0 only if everything held.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from proof import Proof
from proving import Beside, clock, prove_form

HERE = Path(__file__).parent
SUPPORT = HERE.parent / "support"  # as pytest's pythonpath
DOCS = HERE.parents[1] / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- the last table: begin -->", "<!-- the last table: end -->"
BESIDE = ("lives",)  # it has processes of its own, which give way to the rest
_VERSIONS = ("sqlalchemy", "stripe", "httpx", "hypothesis")


def long_forms() -> list[str]:
    """The modules that define `prove` at their top."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_") and _proves(path))


def _proves(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return path.stem != "proof" and any(
        isinstance(node, ast.FunctionDef) and node.name == "prove" for node in tree.body
    )


def run(names: list[str], long: bool) -> list[Proof]:
    """All of them, whatever one of them does; progress goes to stderr while they run."""
    began = time.monotonic()
    beside = [Beside(name, long, began) for name in names if name in BESIDE]
    proofs = [proof for name in names if name not in BESIDE for proof in prove_form(name, long, began)]
    return proofs + [proof for one in beside for proof in one.proofs()]


def rows_of(proofs: list[Proof], when: str) -> dict[str, str]:
    """One row a proof, by what it proves."""
    return {
        proof.what: f"| {proof.what} | {proof.tried} | {len(proof.violations)} | {proof.seconds:.0f} | {when} |"
        f" `{proof.reproduce}` |"
        for proof in proofs
    }


def table(rows: Iterable[str]) -> str:
    """Markdown."""
    head = "| what | tried | violations | seconds | when, on which commit | reproduce with |"
    return "\n".join([head, "| --- | ---: | ---: | ---: | --- | --- |", *rows])


def commit() -> str:
    """Of the code that is tried; with a + if it was changed since."""
    said = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=HERE, capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def machine() -> str:
    import pysqlite3.dbapi2

    versions = [f"{name} {version(name)}" for name in _VERSIONS] + [f"SQLite {pysqlite3.dbapi2.sqlite_version}"]
    cores = os.cpu_count()
    kernel = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{kernel}, {cores} cores, Python {platform.python_version()}, {', '.join(versions)}"


def write(rows: dict[str, str], all_anew: bool) -> None:
    """Between the two marks of the page, and nowhere else; rows of what was not run again stay as they were."""
    page = DOCS.read_text(encoding="utf-8")
    before, old, after = page.partition(BEGIN)[0], page.split(BEGIN)[1].split(END)[0], page.split(END)[1]
    lines = [line for line in old.splitlines() if line.startswith("| ")][2:]
    kept = {} if all_anew else {line.split(" | ")[0].removeprefix("| "): line for line in lines}
    text = f"{machine()}.\n\n{table((kept | rows).values())}"
    DOCS.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/reliability", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="some of the long forms")
    parser.add_argument("--quick", action="store_true", help="minutes instead of hours: a sample of what has no end")
    parser.add_argument("--write", action="store_true", help="put the table into docs/RELIABILITY.md")
    asked = parser.parse_args()
    known = long_forms()
    if unknown := set(asked.only) - set(known):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    sys.path.append(str(SUPPORT))
    began, code = time.perf_counter(), commit()
    proofs = run(asked.only or known, long=not asked.quick)
    rows = rows_of(proofs, f"{datetime.now(UTC).date().isoformat()}, {code}")
    total = f"{sum(proof.tried for proof in proofs)} tried, {sum(len(proof.violations) for proof in proofs)} violations"
    print(f"{machine()}; {total}, {clock(time.perf_counter() - began)} in all.\n\n{table(rows.values())}")
    for violation in (violation for proof in proofs for violation in proof.violations):
        print(f"  {violation}")
    if asked.write:
        write(rows, all_anew=not asked.only)
    return 0 if proofs and all(proof.holds for proof in proofs) else 1


if __name__ == "__main__":
    raise SystemExit(main())
