"""`python -m dashboards.server`: the dashboard, under the rules that hold for every server of ours.

Streamlit by itself answers every name that leads here, and lets pages of any other server of this machine talk to its
web socket. Here it is one ASGI application behind the guard.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import streamlit
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Scope
from streamlit.web.bootstrap import load_config_options

from billing.secrecy import keep_files_private
from billing.servers import running
from billing.servers.callers import FROM_OURSELVES, Refusal, Rules, is_loopback
from billing.servers.guard import Guard
from dashboards.settings import read_settings

APP = Path(__file__).with_name("app.py")
METRICS, LOG_OUT = "/_stcore/metrics", "/auth/logout"
STREAMLITS_PAGE = Path(streamlit.__file__).with_name("static") / "index.html"

# Streamlit's pages style themselves inline. Nothing is loaded from, sent to or framed by another site.
_POLICY = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'"
)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def build_dashboard(app: ASGIApp, host: str, names: Sequence[str]) -> Guard:
    """`host` is what it listens on, `names` those under which a proxy shows it to others."""

    def more_rules(scope: Scope) -> Refusal | None:
        path = scope["path"].rstrip("/")
        if path == METRICS and (names or not is_loopback(host)):
            return Refusal(404, "Not found.")
        if path == LOG_OUT and Headers(scope=scope).get("sec-fetch-site", "none") not in FROM_OURSELVES:
            return Refusal(403, "Another site's page asks to log somebody out.")  # Streamlit does it by a GET
        return None

    rules = Rules("BILLING_DASHBOARD_HOSTS", tuple(names))
    return Guard(app, rules, policy_for(STREAMLITS_PAGE), more_rules=more_rules, ours=False)


def policy_for(page: Path) -> str:
    """The Content-Security-Policy: of scripts within a page, Streamlit's own run, by their hash (CSP 3, 2.3.1)."""
    found = _SCRIPT.findall(page.read_text(encoding="utf-8")) if page.exists() else []
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in found]
    return _POLICY.format(scripts="".join(f" 'sha256-{one}'" for one in hashes))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboards.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; any but loopback needs a login")
    parser.add_argument("--port", type=int, default=8501)
    options = parser.parse_args(arguments)
    keep_files_private()
    app = streamlit.App(APP)
    # As `streamlit run --server.address` does: the pages ask where they are served before they show anything.
    load_config_options({"server.address": options.host, "server.port": options.port})
    guarded = build_dashboard(app, options.host, read_settings().hosts)
    listener = running.listen(options.host, options.port)
    running.serve(guarded, listener, lifespan="on", ws="websockets-sansio")


if __name__ == "__main__":
    main()
