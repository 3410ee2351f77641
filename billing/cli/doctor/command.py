"""The command: all findings as they are made, and an exit code that says whether all is well."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click

from billing.cli.doctor.examination import examine
from billing.cli.doctor.findings import Finding
from billing.cli.ports import WITH_SANDBOX, Ports, port_options
from billing.domain.errors import PermanentError

_MARKS = {True: "ok  ", False: "MEND", None: "----"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON; is_ok is null where nothing could be looked at.")
@port_options(*WITH_SANDBOX)
def doctor(
    as_json: bool, sandbox_port: int, smtp_port: int, dagster_port: int, dashboard_port: int, portal_port: int
) -> None:
    """Check settings, database, ledger, mail, Stripe, VSCO Workspace, PDFs, ports and disk. Sends nothing.

    \b
    Example:
        billing doctor
    """
    found = []
    for finding in examine(Ports(sandbox_port, smtp_port, dagster_port, dashboard_port, portal_port), WITH_SANDBOX):
        found.append(finding)
        if not as_json:
            show([finding])
    if as_json:
        click.echo(json.dumps([line for finding in found for line in _lines(finding)], indent=2))
    if wrong := [one.name for one in found if one.is_ok is False]:
        raise PermanentError("not_well", f"{len(wrong)} of {len(found)} need something: {', '.join(wrong)}.")


def show(findings: Iterable[Finding]) -> None:
    """A line for each, and one for each of its details that is not well."""
    for finding in findings:
        details = [one for one in finding.details if not one.is_ok]
        for one in (finding, *details):
            click.echo(f"{_MARKS[one.is_ok]}  {one.name:17} {one.sentence}")


def _lines(finding: Finding) -> list[dict[str, object]]:
    return [
        {"name": one.name, "is_ok": one.is_ok, "sentence": one.sentence, "is_detail": one is not finding}
        for one in (finding, *finding.details)
    ]
