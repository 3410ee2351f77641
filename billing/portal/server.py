"""Running the portal until a signal ends it: what has been begun is finished, and the ledger is closed."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from billing.bootstrap import clock_of, open_ledger
from billing.domain.errors import PermanentError
from billing.portal.app import build_portal
from billing.portal.web_hooks import StripeWebHook
from billing.servers import running
from billing.settings import Settings


def listen(host: str, port: int) -> socket.socket:
    """PermanentError `port_taken` when nobody can listen there; 0 is any free port."""
    try:
        return running.listen(host, port)
    except OSError as error:
        raise PermanentError(
            "port_taken", f"Nothing can listen on {host} port {port} ({error.strerror}); choose another --portal-port."
        ) from None


def serve_portal(settings: Settings, listener: socket.socket, on_started: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. The ledger is migrated first; its errors are our."""
    with contextlib.closing(listener), contextlib.closing(open_ledger(settings)) as ledger:
        endpoint = StripeWebHook(ledger, clock_of(settings), settings.webhook_secrets)
        running.serve(build_portal(endpoint, settings.portal_host_names), listener, on_started)
