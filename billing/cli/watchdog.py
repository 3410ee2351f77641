"""`billing watchdog`: for cron, which runs when the daemon does not."""

from __future__ import annotations

import click

from billing.bootstrap import disks_of, open_context
from billing.domain.effects import EffectKind
from billing.domain.errors import PermanentError
from billing.domain.mail import MailKind
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.janitor import show_stuck
from billing.services.safety.clock_set_back import look_at_clock
from billing.services.safety.disk_room import trouble_with, watch_disks
from billing.services.safety.watchdog import watch
from billing.settings import load_settings


@click.command()
def watchdog() -> None:
    """Say what is late or runs full, mail it to the owner (once a day), and exit with 1; nothing and 0 if all is well.

    The daemon looks after its sensors by itself; of its own death only others can tell. A line for cron:
    */10 * * * * cd /srv/billing && billing watchdog

    \b
    Example:
        billing watchdog
    """
    settings = load_settings()
    places = disks_of(settings).look()
    if any(place.refused for place in places):  # nothing can be kept, and so nobody mailed: cron tells what stands here
        raise PermanentError("not_writable", " ".join(trouble_with(places)))
    with open_context(settings) as ctx:
        wrong = [*watch_disks(ctx, places), *watch(ctx)]
        behind = look_at_clock(ctx)
        wrong += [behind] if behind else []
        show_stuck(ctx)
        if wrong:  # the daemon, which would send it, may be what is dead
            run_effects(ctx, HANDLERS[EffectKind.MAIL], EffectKind.MAIL, purposes=[MailKind.OWNER_ALERT])
    if wrong:
        raise PermanentError("late", " ".join(wrong))
