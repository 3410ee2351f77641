"""Doing things outside: one module a kind, and the executor that leases, re-checks, acts and records."""

from __future__ import annotations

from billing.domain.effects import EffectKind
from billing.services.effects.charge import CHARGE
from billing.services.effects.executor import Handler
from billing.services.effects.grant import GRANT
from billing.services.effects.mail import MAIL
from billing.services.effects.pay_link import CLOSE_PAY_LINK, PAY_LINK
from billing.services.effects.refund import REFUND
from billing.services.effects.revoke import REVOKE
from billing.services.effects.write_back import WRITE_BACK

HANDLERS: dict[EffectKind, Handler] = {
    EffectKind.MAIL: MAIL,
    EffectKind.PAY_LINK: PAY_LINK,
    EffectKind.CLOSE_PAY_LINK: CLOSE_PAY_LINK,
    EffectKind.CHARGE: CHARGE,
    EffectKind.WRITE_BACK: WRITE_BACK,
    EffectKind.GRANT: GRANT,
    EffectKind.REVOKE: REVOKE,
    EffectKind.REFUND: REFUND,
}
