"""The warehouse: a DuckDB projection of the ledger that can be thrown away and rebuilt at any time."""

from billing.adapters.warehouse.relations import Relation, read_relations
from billing.adapters.warehouse.warehouse import Published, Warehouse

__all__ = ["Published", "Relation", "Warehouse", "read_relations"]
