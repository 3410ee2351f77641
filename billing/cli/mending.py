"""`billing retry`, `settle`, `gallery opened`, `resolve`: what a person does about what needs attention."""

from __future__ import annotations

from datetime import date

import click

from billing.cli.asking import ask, confirm, human_act, money_act, reason_option, the_reason
from billing.cli.days import DAY
from billing.cli.opening import open_office
from billing.cli.tables import table
from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.typed import check_expires_on
from billing.standards.addresses import right_addresses


@click.command()
@click.argument("effect")
@click.option("--to", help="For a mail that bounced: the client's right address. What follows goes there, too.")
@click.option("--reason", default="mended", show_default=True, help="What was mended; it is kept.")
@money_act
def retry(effect: str, to: str | None, reason: str, actor: str, wait: int, now: bool, yes: bool) -> None:
    """Try again what failed cleanly, after its cause was mended.

    \b
    Example:
        billing retry eff_0a1b2c3d --to ada@example.com --reason "she told us on the phone"
    """
    to = ", ".join(right_addresses(to)) if to else None
    failed, what = _to_retry(effect.strip(), to)
    then = f"Send it to {to} instead" if to else "Do it again"
    confirm(f"{what} has failed ({_words(failed.outcome_code)}). {then}?", yes)
    ask("retry", {"effect_id": failed.effect_id, "to": to}, actor=actor, reason=reason, now=now, wait=wait)


@click.command()
@click.argument("effect", required=False)
@click.option("--done/--not-done", "happened", default=None, help="What you found when you looked.")
@click.option(
    "--mails",
    type=click.Choice(["show", "done", "not-done"]),
    help="All mails that a restore left in doubt: list them, or say that they went out, or send them now.",
)
@click.option("--reason", default="", help="Where you looked; it is kept. Asked for if left out.")
@money_act
def settle(
    effect: str | None, happened: bool | None, mails: str | None, reason: str, actor: str, wait: int, now: bool,
    yes: bool,
) -> None:  # fmt: skip
    """Say how something ended of which nobody knows; look outside first.

    \b
    Example:
        billing settle eff_0a1b2c3d --done --reason "it is in the sent folder of the mail server"
    """
    if mails == "show":
        _show_mails_in_doubt()
    elif mails:
        reason = the_reason(reason)
        confirm(f"Settle all mails in doubt as {mails.replace('-', ' ')}?", yes)
        told = {"happened": "yes" if mails == "done" else "no"}
        ask("settle_mails", told, actor=actor, reason=reason, now=now, wait=wait)
    elif effect is None or happened is None:
        raise click.UsageError("Name an EFFECT with --done or --not-done, or settle all mails in doubt by --mails.")
    else:
        unknown, what = _to_settle(effect.strip(), happened)
        reason = the_reason(reason)
        confirm(f"{what}: nobody knows how it ended. Settle it as {'done' if happened else 'not done'}?", yes)
        arguments = {"effect_id": unknown.effect_id, "happened": "yes" if happened else "no"}
        ask("settle", arguments, actor=actor, reason=reason, now=now, wait=wait)


def _to_retry(effect_id: str, to: str | None) -> tuple[Effect, str]:
    """The effect, and what it does in words; PermanentError if it may not be tried again."""
    from billing.services.effects.by_a_person import effect_to_retry
    from billing.services.effects.in_words import capital, in_words

    with open_office() as office, office.ledger.read() as uow:
        effect = effect_to_retry(uow, effect_id, bool(to))
        return effect, capital(in_words(uow, effect))


def _to_settle(effect_id: str, happened: bool) -> tuple[Effect, str]:
    """The effect, and what it does in words; PermanentError if a person's word does not settle it."""
    from billing.services.effects.by_a_person import effect_to_settle
    from billing.services.effects.in_words import capital, in_words

    with open_office() as office, office.ledger.read() as uow:
        effect = effect_to_settle(uow, effect_id, happened)
        return effect, capital(in_words(uow, effect))


def _words(code: str | None) -> str:
    return str(code or "no reason was kept").replace("_", " ")


def _show_mails_in_doubt() -> None:
    from billing.services.effects.in_words import reached_at
    from billing.services.effects.recording import is_in_doubt

    with open_office() as office, office.ledger.read() as uow:
        mails = [mail for mail in uow.effects.in_state(EffectState.UNKNOWN, EffectKind.MAIL) if is_in_doubt(mail)]
        to = [reached_at(uow, mail) for mail in mails]
    rows = [
        (mail.effect_id, mail.purpose, emails, f"{mail.created_at:%Y-%m-%d %H:%M}")
        for mail, emails in zip(mails, to, strict=True)
    ]
    click.echo(table(("Effect", "Mail", "To", "Decided (UTC)"), rows) if rows else "No mail is in doubt.")


@click.group()
def gallery() -> None:
    """Galleries that are opened by hand.

    \b
    Example:
        billing gallery opened eff_0a1b2c3d --url https://studio.example/wedding
    """


@gallery.command()
@click.argument("effect")
@click.option("--url", required=True, help="Where the client sees it.")
@click.option("--password", help="The gallery's password.")
@click.option("--pin", help="The PIN for downloads.")
@click.option("--expires-on", type=DAY, help="The last day on which it is open.")
@click.option("--reason", default="opened by hand", show_default=True, help="Why; it is kept.")
@human_act
def opened(
    effect: str, url: str, password: str | None, pin: str | None, expires_on: date | None, reason: str,
    actor: str, wait: int, now: bool,
) -> None:  # fmt: skip
    """Say that a gallery was opened by hand; the client is told now.

    \b
    Example:
        billing gallery opened eff_0a1b2c3d --url https://studio.example/wedding --password fjord7
    """
    if expires_on:
        with open_office() as office:
            check_expires_on(expires_on, office.today())
    arguments = {
        "effect_id": effect,
        "url": url,
        "password": password,
        "pin": pin,
        "expires_on": expires_on.isoformat() if expires_on else None,
    }
    ask("gallery_opened", arguments, actor=actor, reason=reason, now=now, wait=wait)


@gallery.command()
@click.argument("effect")
@click.option("--reason", default="closed by hand", show_default=True, help="Why; it is kept.")
@human_act
def closed(effect: str, reason: str, actor: str, wait: int, now: bool) -> None:
    """Say that a gallery whose money went back was closed by hand.

    \b
    Example:
        billing gallery closed eff_0a1b2c3d
    """
    ask("gallery_closed", {"effect_id": effect}, actor=actor, reason=reason, now=now, wait=wait)


@click.command()
@click.argument("subject")
@click.option("--code", help="Only this kind of matter; all of the subject unless given.")
@reason_option("What was done about it; it is kept.")
@human_act
def resolve(subject: str, code: str | None, reason: str, actor: str, wait: int, now: bool) -> None:
    """Close what needs attention of one subject, as `billing needs-attention` names it.

    \b
    Example:
        billing resolve vsco:01hv2k --reason "billed by hand"
    """
    ask("resolve", {"subject": subject, "code": code}, actor=actor, reason=reason, now=now, wait=wait)
