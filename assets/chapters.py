"""The chapters of the story, in order, and who owns them: groups and owners of all assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

INTAKE: Final = "intake"
BILLING: Final = "billing"
RECONCILIATION: Final = "reconciliation"
STAGING: Final = "staging"
MARTS: Final = "marts"
PUBLISHED: Final = "published"

OWNERS: Final[Sequence[str]] = ("team:studio",)
