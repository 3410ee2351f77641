"""The ports on which the servers listen: settings of the command line, checked before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import click

from billing.domain.errors import PermanentError

HOST = "127.0.0.1"
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True)
class Ports:
    """Where each server listens, on loopback only."""

    sandbox: int = 8800
    smtp: int = 8825
    dagster: int = 3000
    dashboard: int = 8501
    portal: int = 8600

    def url(self, name: str) -> str:
        return f"http://{HOST}:{getattr(self, name)}"


SERVERS = ("dagster", "dashboard", "portal")
WITHOUT_PORTAL = ("dagster", "dashboard")  # nothing listens there without a signing secret
WITH_SANDBOX = ("sandbox", "smtp", *SERVERS)


def variable_of(name: str) -> str:
    """The sandbox's mail server has a variable of its own: BILLING_SMTP_PORT is where the studio's listens."""
    return "BILLING_SANDBOX_SMTP_PORT" if name == "smtp" else f"BILLING_{name.upper()}_PORT"


PORT_VARIABLES = frozenset(variable_of(field.name) for field in fields(Ports))


def port_options(*names: str) -> Callable[[Decorated], Decorated]:
    """An option for each, `--dagster-port`, which BILLING_DAGSTER_PORT in the environment sets too."""

    def decorate(function: Decorated) -> Decorated:
        for field in fields(Ports):
            if field.name in names:
                option = click.option(
                    f"--{field.name}-port", type=click.IntRange(1, 65535), default=field.default, show_default=True,
                    envvar=variable_of(field.name), show_envvar=True, help=f"Port of the {field.name}.",
                )  # fmt: skip
                function = option(function)
        return function

    return decorate


def is_free(port: int) -> bool:
    """Whether a server could listen there now; a port that a closed connection still holds counts as free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(ports: Ports, names: tuple[str, ...]) -> None:
    """PermanentError that names each taken port and the option that chooses another."""
    taken = [name for name in names if not is_free(getattr(ports, name))]
    if taken:
        lines = [f"port {getattr(ports, name)} is taken: choose another with --{name}-port" for name in taken]
        raise PermanentError("port_taken", "; ".join(lines) + ".")
