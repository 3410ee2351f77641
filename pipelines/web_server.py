"""`python -m pipelines.web_server`: Dagster's web server, under the rules that hold for every server of ours.

Dagster's own entry carries out whatever GraphQL anybody sends it, by GET too, and looks at neither Host nor Origin: any
page that the owner visits could launch runs and stop sensors. It takes no middleware, so its ASGI application is made
here, as `dagster_webserver.cli` makes it; there is no public way to a workspace's context (1.13).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Scope

from billing.secrecy import keep_files_private
from billing.servers import running
from billing.servers.callers import Refusal, Rules
from billing.servers.guard import Guard

GRAPHQL = "/graphql"
# Beside Dagster's own policy, which says nothing of frames and lets its scripts talk to anybody.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
_STATEMENT_MILLISECONDS, _RECYCLE_SECONDS, _OVERFLOW = 15_000, 3_600, 20  # as Dagster's own entry has them


def build_web_server(app: ASGIApp, hosts: Sequence[str]) -> Guard:
    """`hosts`: the names under which a proxy, which asks who comes, shows it to others."""
    rules = Rules("BILLING_DAGSTER_HOSTS", tuple(hosts), programs_send_json=True)
    return Guard(app, rules, POLICY, more_rules=nothing_is_done_by_get, ours=False)


def nothing_is_done_by_get(scope: Scope) -> Refusal | None:
    """GraphQL is carried out by POST. Who asks for a page gets the one to write queries on, and no answer to any."""
    if scope["type"] != "http" or scope["path"].rstrip("/") != GRAPHQL or scope["method"] == "POST":
        return None
    asks_for_a_page = "text/html" in Headers(scope=scope).get("accept", "")
    if asks_for_a_page or "query" not in QueryParams(scope["query_string"]):
        return None
    return Refusal(405, "Send GraphQL by POST.")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m pipelines.web_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; Dagster has no login")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--workspace", required=True, help="path of workspace.yaml")
    options = parser.parse_args(arguments)
    keep_files_private()
    hosts = os.environ.get("BILLING_DAGSTER_HOSTS", "").replace("|", " ").split()
    listener = running.listen(options.host, options.port)
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(_STATEMENT_MILLISECONDS, _RECYCLE_SECONDS, _OVERFLOW)
        with WorkspaceProcessContext(
            instance, WorkspaceFileTarget([options.workspace]), version=dg.__version__
        ) as here:
            app = create_app_from_workspace_process_context(here, live_data_poll_rate=2000)
            running.serve(build_web_server(app, hosts), listener, ws="auto")


if __name__ == "__main__":
    main()
