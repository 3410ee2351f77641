"""The true sentences of sql/checks as asset checks: beside the asset that could break them, blocking where it is money.

All sentences of one asset are one step that reads one snapshot: a step of its own for each would cost a second a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

from assets.reports import table
from pipelines.resources import BillingResource

_CHECKS = Path(__file__).parents[1] / "sql" / "checks"


def ledger_checks(
    asset: dg.AssetsDefinition,
    blocking: tuple[str, ...] = (),
    advisory: tuple[str, ...] = (),
    step: str | None = None,
) -> dg.AssetChecksDefinition:
    """One step that checks these files of sql/checks. A blocking one that fails stops all that comes after `asset`."""
    names = (*blocking, *advisory)
    specs = [
        dg.AssetCheckSpec(name, asset=asset, description=sentence(name), blocking=name in blocking) for name in names
    ]

    @dg.multi_asset_check(name=step or f"{asset.key.path[-1]}_hold", specs=specs)
    def check(billing: BillingResource) -> Iterator[dg.AssetCheckResult]:
        for result in billing.check_ledger(names):
            found = result.violations
            yield dg.AssetCheckResult(
                asset_key=asset.key,
                check_name=result.name,
                passed=result.holds,
                description=None if result.holds else f"Not true: {result.sentence}",
                metadata={
                    "Rows that break it": len(found),
                    **({"Rows": rows} if (rows := table(tuple(found[0]) if found else (), _values(found))) else {}),
                },
            )

    return check


def all_others(
    asset: dg.AssetsDefinition, attached: Iterable[dg.AssetChecksDefinition]
) -> list[dg.AssetChecksDefinition]:
    """Every file of sql/checks that stands beside no asset yet, beside this one: a new file is never forgotten."""
    taken = {key.name for checks in attached for key in checks.check_keys}
    others = sorted(path.stem for path in _CHECKS.glob("*.sql") if path.stem not in taken)
    return [ledger_checks(asset, advisory=tuple(others), step="all_others_hold")] if others else []


def sentence(name: str) -> str:
    """What the check says is true: the first line of its file."""
    with open(_CHECKS / f"{name}.sql", encoding="utf-8") as file:
        return file.readline().removeprefix("--").strip()


def _values(found: list[dict[str, object]]) -> list[list[object]]:
    return [list(row.values()) for row in found]
