"""One asset for each file of sql/staging."""

from __future__ import annotations

from assets.chapters import STAGING
from assets.relations import relation_assets

staging = relation_assets(STAGING)
