"""What the dashboard needs to know, from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Settings:
    """`allowed_emails`: who may look when there is a login; small letters. `hosts`: what a proxy calls it."""

    warehouse_path: Path
    time_zone: ZoneInfo
    studio_name: str
    allowed_emails: frozenset[str]
    hosts: tuple[str, ...] = ()


def read_settings() -> Settings:
    emails = os.environ.get("BILLING_DASHBOARD_EMAILS", "").lower().replace(",", " ").split()
    return Settings(
        warehouse_path=Path(os.environ.get("BILLING_WAREHOUSE_PATH") or "var/warehouse.duckdb"),
        time_zone=ZoneInfo(os.environ.get("BILLING_TIME_ZONE") or "UTC"),
        studio_name=os.environ.get("BILLING_STUDIO_NAME") or "Studio Billing",
        allowed_emails=frozenset(emails),
        hosts=tuple(os.environ.get("BILLING_DASHBOARD_HOSTS", "").replace("|", " ").split()),
    )
