"""`python -m billing.sandbox`: the outside world on loopback, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed import seed_studio
from billing.sandbox.server import RunningSandbox, listen, serve
from billing.sandbox.store import Store
from billing.secrecy import keep_files_private
from billing.servers.running import a_signal_is_a_clean_end


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. With --sessions, a state without a studio is seeded first."""
    options = _options(arguments)
    keep_files_private()
    listener = listen(options.port)
    store = Store(options.state)
    clock = SandboxClock(store)
    if options.sessions and store.get("sandbox.plan", "plan") is None:
        seed_studio(store, clock, sessions=options.sessions, seed=options.seed)
    with contextlib.closing(listener), contextlib.closing(store), a_signal_is_a_clean_end():
        asyncio.run(serve(store, clock, listener, options.smtp_port, _announce))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billing.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8800, help="HTTP port on 127.0.0.1 (0: any free one)")
    parser.add_argument("--smtp-port", type=int, default=8825, help="SMTP port on 127.0.0.1 (0: any free one)")
    parser.add_argument("--state", type=Path, default=Path("var/sandbox.db"), help="the file that holds this world")
    parser.add_argument("--sessions", type=int, default=0, help="seed a studio with so many sessions if there is none")
    parser.add_argument("--seed", type=int, default=1, help="the seed of that studio")
    return parser.parse_args(arguments)


def _announce(sandbox: RunningSandbox) -> None:
    lines = (f"sandbox  {sandbox.url}", f"inbox    {sandbox.url}/inbox/", f"smtp     127.0.0.1:{sandbox.smtp_port}")
    sys.stdout.write("\n".join((*lines, "")))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
