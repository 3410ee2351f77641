"""Assets of the warehouse's relations: one for each file of sql/staging and sql/marts, made from its header."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from assets.chapters import OWNERS
from billing.adapters.warehouse.relations import Relation, read_relations
from pipelines.resources import WarehouseResource

EXTRACT = dg.AssetKey("ledger_extract")
POOL = "warehouse"  # one builder at a time; dagster.yaml gives the pool its limit
_SQL = Path(__file__).parents[1] / "sql"


def relations_of(layer: str) -> list[Relation]:
    """The layer's relations, each after those that it reads."""
    return [relation for relation in read_relations(_SQL) if relation.layer == layer]


def relation_assets(layer: str) -> dg.AssetsDefinition:
    """All relations of a layer as assets of their own, built in one step: each takes a fraction of a step's overhead.

    Any of them can be materialised alone.
    """
    relations = relations_of(layer)
    names = {relation.name for relation in read_relations(_SQL)}

    @dg.multi_asset(
        name=f"build_{layer}", specs=[_spec(relation, names) for relation in relations], can_subset=True, pool=POOL
    )
    def build(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult[None]]:
        wanted = context.selected_asset_keys
        with warehouse.opened() as w:
            for relation in relations:
                key = dg.AssetKey(relation.name)
                if key in wanted:
                    yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": w.build(relation.name)})

    return build


def _spec(relation: Relation, names: set[str]) -> dg.AssetSpec:
    deps: Sequence[dg.AssetKey] = [dg.AssetKey(read) for read in relation.reads if read in names]
    return dg.AssetSpec(
        relation.name,
        group_name=relation.layer,
        owners=OWNERS,
        kinds={"duckdb", "sql"},
        description=f"{relation.description}\n\nOne row: {relation.grain}. Told apart by: {', '.join(relation.key)}.",
        deps=deps or [EXTRACT],
        metadata={"Query": dg.MetadataValue.path(f"sql/{relation.layer}/{relation.name}.sql")},
    )
