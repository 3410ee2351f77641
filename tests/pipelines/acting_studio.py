"""A studio in the sandbox on which runs act, and a look at its ledger and at what happened outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import dagster as dg
from sqlalchemy import text

from billing.bootstrap import open_ledger
from billing.sandbox.mail import parse, raw_mail
from billing.sandbox.seed import SeedPlan, complete_session
from billing.sandbox.server import RunningSandbox
from billing.settings import load_settings
from pipelines.definitions import definitions
from pipelines.resources import standing


@dataclass
class Studio:
    """The sandbox, what is planned in it, and a Dagster instance whose runs act in it."""

    sandbox: RunningSandbox
    plan: SeedPlan
    instance: dg.DagsterInstance

    def complete_all(self) -> None:
        """Every photographer marks every session as done."""
        for job in self.plan.jobs:
            complete_session(self.sandbox.store, self.sandbox.clock, job.id)

    def turn_clock(self, by: timedelta) -> None:
        """Time goes by, or is set back, and the application knows: of itself it asks once a second at most."""
        self.sandbox.clock.advance(by)
        standing.close()

    def run(self, job: str, *assets: str) -> dg.ExecuteInProcessResult:
        selection = [dg.AssetKey(name) for name in assets] or None
        job_def = definitions().resolve_job_def(job)
        return job_def.execute_in_process(instance=self.instance, asset_selection=selection, raise_on_error=False)

    def materialize_everything(self) -> dg.ExecuteInProcessResult:
        """As "Materialize all" in the UI does it."""
        job_def = definitions().resolve_implicit_global_asset_job_def()
        return job_def.execute_in_process(instance=self.instance, raise_on_error=False)

    def materialize(self, asset: str) -> dg.ExecuteInProcessResult:
        """As "Materialize" of one asset alone in the UI does it."""
        job_def = definitions().resolve_implicit_global_asset_job_def()
        selection = [dg.AssetKey(asset)]
        return job_def.execute_in_process(instance=self.instance, asset_selection=selection, raise_on_error=False)

    def look(self, sensor: str, cursor: str | None = None) -> dg.SensorResult:
        """One tick of a sensor, as the daemon makes it."""
        loaded = definitions()
        context = dg.build_sensor_context(instance=self.instance, cursor=cursor, definitions=loaded, sensor_name=sensor)
        result = loaded.resolve_sensor_def(sensor)(context)
        assert isinstance(result, dg.SensorResult)
        return result

    def happened_outside(self) -> dict[str, int]:
        return self.sandbox.store.effect_counts()

    def mails_to(self, address: str) -> list[tuple[str, str]]:
        """(subject, plain text) of all that the mail server took for them, oldest first."""
        store = self.sandbox.store
        raw = [raw_mail(store, str(kept["id"])) for kept in reversed(store.newest("mail"))]
        mails = [mail for one in raw if one and address in str((mail := parse(one))["To"])]
        return [(str(mail["Subject"]), _plain(mail)) for mail in mails]

    def intended(self) -> list[tuple[str, str]]:
        """All effects that the ledger has committed to, as (key, state)."""
        return [(row.key, row.state) for row in self.query("select key, state from effects order by key")]

    def attention(self) -> list[tuple[str, str]]:
        rows = self.query("select subject_id, code from attention where resolved_at is null order by attention_id")
        return [(row.subject_id, row.code) for row in rows]

    def query(self, *statements: str) -> list[Any]:
        """Run statements over the ledger and return the rows of the last."""
        ledger = open_ledger(load_settings())
        try:
            with ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
                results = [connection.execute(text(statement)) for statement in statements]
                return list(results[-1]) if results[-1].returns_rows else []
        finally:
            ledger.close()


def _plain(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""
