"""`python -m billing.cli.server_ends JSON`: the supervisor's way to the ledger, for which it does not wait itself.

{"server": "dashboard", "ended_at": "…", "exit_code": null, "signal": 9, "lived_seconds": 12}
{"server": "dashboard", "steady": true}
"""

from __future__ import annotations

import json
import sys
from datetime import datetime

from billing.bootstrap import open_context
from billing.domain.effects import EffectKind
from billing.domain.errors import BillingError
from billing.domain.mail import MailKind
from billing.ports.operations import ServerEnd
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.safety.server_ends import note_server_end, server_is_steady


def main(arguments: list[str]) -> None:
    told = json.loads(arguments[0])
    try:
        with open_context() as ctx:
            if told.pop("steady", False):
                server_is_steady(ctx, **told)
            elif note_server_end(ctx, ServerEnd(**told | {"ended_at": datetime.fromisoformat(told["ended_at"])})):
                # The daemon, which would send it, may be what dies.
                run_effects(ctx, HANDLERS[EffectKind.MAIL], EffectKind.MAIL, purposes=[MailKind.OWNER_ALERT])
    except BillingError as error:
        raise SystemExit(error.sentence) from None


if __name__ == "__main__":
    main(sys.argv[1:])
