"""The graph that the owner sees: it loads, it is complete, and it does not change unseen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from assets.ledger_checks import all_others, ledger_checks
from assets.staging.ledger_extract import ledger_extract
from billing.domain.effect_specs import EFFECT_SPECS
from pipelines.definitions import definitions
from pipelines.jobs import BILLING_ASSETS, JOBS

pytestmark = pytest.mark.dagster

GOLDEN = Path(__file__).with_name("assets.json")
CHECKS = Path(__file__).parents[2] / "sql" / "checks"
HEAVY = ("sqlalchemy", "pydantic_settings", "httpx", "duckdb", "polars", "stripe", "weasyprint", "alembic", "babel")


def test_the_definitions_load_and_every_asset_is_presentable():
    loaded = definitions()

    dg.Definitions.validate_loadable(loaded)

    for spec in loaded.resolve_all_asset_specs():
        assert spec.group_name in ("intake", "billing", "reconciliation", "staging", "marts", "published"), spec.key
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert spec.description, spec.key


def test_the_graph_is_the_one_that_was_reviewed():
    described = json.dumps(_described(definitions()), indent=1, sort_keys=True) + "\n"

    if os.environ.get("RENEW_GOLDEN"):
        GOLDEN.write_text(described, encoding="utf-8")

    assert described == GOLDEN.read_text(encoding="utf-8"), "If it is meant: RENEW_GOLDEN=1 pytest tests/pipelines"


def test_every_kind_of_effect_is_done_by_an_asset_of_the_billing_job():
    assert {spec.chapter for spec in EFFECT_SPECS.values()} <= set(BILLING_ASSETS)


def test_every_sentence_about_the_ledger_is_an_asset_check():
    checked = {key.name for key in definitions().resolve_asset_graph().asset_check_keys}

    assert {path.stem for path in CHECKS.glob("*.sql")} <= checked


def test_a_sentence_that_stands_beside_no_asset_is_checked_all_the_same():
    beside = ledger_checks(ledger_extract, advisory=("receivable_is_never_negative",), step="some")

    [others] = all_others(ledger_extract, [beside])

    names = {key.name for key in others.check_keys}
    assert names == {path.stem for path in CHECKS.glob("*.sql")} - {"receivable_is_never_negative"}
    assert all_others(ledger_extract, [beside, others]) == []


def test_every_check_runs_in_a_job_that_starts_by_itself():
    loaded = definitions()
    steps = {node.name for job in JOBS for node in loaded.resolve_job_def(job.name).graph.nodes}

    idle = [check.node_def.name for check in loaded.asset_checks or () if check.node_def.name not in steps]

    assert idle == []


def test_importing_the_definitions_imports_nothing_heavy():
    program = (
        f"import sys, dagster; before = set(sys.modules); import pipelines.definitions; pipelines.definitions\n"
        f"print([name for name in {HEAVY} if name in set(sys.modules) - before])"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def _described(loaded: dg.Definitions) -> dict[str, object]:
    graph = loaded.resolve_asset_graph()
    specs = {spec.key: spec for spec in loaded.resolve_all_asset_specs()}
    return {
        key.to_user_string(): {
            "group": spec.group_name,
            "owners": sorted(spec.owners),
            "kinds": sorted(spec.kinds),
            "says": (spec.description or "").splitlines()[0],
            "after": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "fresh": spec.freshness_policy is not None,
            "checks": {
                check.name: "blocks" if graph.get(check).blocking else "tells"
                for check in sorted(graph.asset_check_keys, key=str)
                if check.asset_key == key
            },
        }
        for key, spec in specs.items()
    }
