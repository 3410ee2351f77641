"""One asset for each file of sql/marts."""

from __future__ import annotations

from assets.chapters import MARTS
from assets.relations import relation_assets

marts = relation_assets(MARTS)
