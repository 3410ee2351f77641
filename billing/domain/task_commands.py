"""The commands with which a task ends, told by its code and its subject.

Its sentence quotes outsiders: whatever a mail server or a client writes, no command is read out of it.
"""

from __future__ import annotations

import shlex

from billing.domain.canonical import derived_id
from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import EffectKind

_LIMIT = "limit_"
_ALWAYS = {
    "hold_asked_for": ("billing release --reason '…'",),
    "hold_restored": ("billing reconcile",),
    "mails_in_doubt": ("billing settle --mails show",),
    "clock_set_back": ("billing clock-is-right --reason '…'",),
    "late": ("billing doctor",),
    "disk_short": ("billing doctor",),
}


def commands_of(code: str, subject_id: str) -> tuple[str, ...]:
    """Lines for a terminal, of which one is right; words in capitals and "…" are for the person to fill in."""
    if code in _ALWAYS:
        return _ALWAYS[code]
    if code == "draft_waits":
        return f"billing approve {shlex.quote(subject_id)}", f"billing discard {shlex.quote(subject_id)} --reason '…'"
    if code.startswith(_LIMIT):
        return (f"billing approve --over-limit {shlex.quote(code.removeprefix(_LIMIT))}",)
    return _of_effect(code, subject_id) or (
        f"billing resolve {shlex.quote(subject_id)} --code {shlex.quote(code)} --reason '…'",
    )


def _of_effect(code: str, key: str) -> tuple[str, ...]:
    """A task about an effect is kept under the effect's key, which begins with its kind."""
    effect_id, kind = derived_id("eff", key), key.partition(":")[0]
    if code == "effect_unknown":
        ways = ("--done", "--not-done") if EFFECT_SPECS[EffectKind(kind)].is_a_word_enough else ("--not-done",)
        return tuple(f"billing settle {effect_id} {way} --reason '…'" for way in ways)
    if code == "effect_failed":
        again = f"billing retry {effect_id}"
        return (again, f"{again} --to ADDRESS") if kind == EffectKind.MAIL else (again,)
    if code == "open_by_hand":
        return (f"billing gallery opened {effect_id} --url …",)
    return (f"billing gallery closed {effect_id}",) if code == "close_by_hand" else ()
