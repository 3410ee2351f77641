"""`billing serve`: the web-hook endpoint, and later the client's pages."""

from __future__ import annotations

import click

from billing.cli.ports import HOST, port_options
from billing.domain.errors import PermanentError
from billing.settings import load_settings


@click.command()
@click.option(
    "--host", default=HOST, show_default=True, envvar="BILLING_PORTAL_HOST", show_envvar=True,
    help="Address to listen on; anything but loopback belongs behind a proxy with TLS.",
)  # fmt: skip
@port_options("portal")
def serve(host: str, portal_port: int) -> None:
    """Take Stripe's web hooks at /hooks/stripe, so that payments show within seconds. All works without it, later.

    \b
    Example:
        billing serve --portal-port 8600
    """
    settings = load_settings()
    if not settings.webhook_secrets:
        raise PermanentError(
            "no_webhook_secret",
            "Set BILLING_STRIPE_WEBHOOK_SECRETS to the signing secret (whsec_…) of your web-hook endpoint at Stripe;"
            " without it payments are found by polling.",
        )
    from billing.portal.server import listen, serve_portal

    listener = listen(host, portal_port)
    address = f"http://{host}:{listener.getsockname()[1]}"
    _log_plainly()
    serve_portal(settings, listener, lambda: click.echo(f"portal  {address}/hooks/stripe"))


def _log_plainly() -> None:
    """One line each on stderr: kinds, ids and codes; never a body, a signature or a secret."""
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("billing.portal").setLevel(logging.INFO)
