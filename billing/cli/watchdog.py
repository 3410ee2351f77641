"""`billing watchdog`: for cron, which runs when the daemon does not."""

from __future__ import annotations

import click

from billing.bootstrap import open_house
from billing.domain.effects import EffectKind
from billing.domain.errors import PermanentError
from billing.domain.mail import MailKind
from billing.services.clock_set_back import look_at_clock
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.janitor import show_stuck
from billing.services.watchdog import watch


@click.command()
def watchdog() -> None:
    """Say what is late, mail it to the owner (once a day), and exit with 1; nothing and 0 if all is well.

    The daemon looks after its sensors by itself; of its own death only others can tell. A line for cron:
    */10 * * * * cd /srv/billing && billing watchdog

    \b
    Example:
        billing watchdog
    """
    with open_house() as house:
        late = watch(house)
        behind = look_at_clock(house)
        late += [behind] if behind else []
        show_stuck(house)
        if late:  # the daemon, which would send it, may be what is dead
            run_effects(house, HANDLERS[EffectKind.MAIL], EffectKind.MAIL, purpose=MailKind.OWNER_ALERT.value)
    if late:
        raise PermanentError("late", " ".join(late))
