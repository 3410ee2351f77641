"""What ends a task is told by its code and its subject."""

from __future__ import annotations

import pytest

from billing.domain.canonical import derived_id
from billing.domain.effects import EffectKind, Intent
from billing.domain.task_commands import commands_of

MAIL, LINK, GRANT = "mail:invoice:inv_1", "pay_link:balance:inv_2:100", "grant:vsco:g1:inv_3"


def eff(key: str) -> str:
    return derived_id("eff", key)


@pytest.mark.parametrize(
    ("code", "subject", "commands"),
    [
        ("effect_unknown", MAIL, [f"settle {eff(MAIL)} {way} --reason '…'" for way in ("--done", "--not-done")]),
        # The gallery's address has to be told by its host: a yes is not enough.
        ("effect_unknown", GRANT, [f"settle {eff(GRANT)} --not-done --reason '…'"]),
        ("effect_failed", MAIL, [f"retry {eff(MAIL)}", f"retry {eff(MAIL)} --to ADDRESS"]),
        ("effect_failed", LINK, [f"retry {eff(LINK)}"]),
        ("open_by_hand", GRANT, [f"gallery opened {eff(GRANT)} --url …"]),
        ("close_by_hand", GRANT, [f"gallery closed {eff(GRANT)}"]),
        ("draft_waits", "inv_1", ["approve inv_1", "discard inv_1 --reason '…'"]),
        ("limit_mails", "limits", ["approve --over-limit mails"]),
        ("hold_asked_for", "hold", ["release --reason '…'"]),
        ("hold_restored", "hold", ["reconcile"]),
        ("mails_in_doubt", "restored", ["settle --mails show"]),
        ("clock_set_back", "clock", ["clock-is-right --reason '…'"]),
        ("late", "sensor:due_work", ["doctor"]),
        ("event_waits", "evt_1; rm -rf ~", ["resolve 'evt_1; rm -rf ~' --code event_waits --reason '…'"]),
    ],
)  # fmt: skip
def test_each_task_has_the_commands_that_end_it(code: str, subject: str, commands: list[str]) -> None:
    assert commands_of(code, subject) == tuple(f"billing {command}" for command in commands)


def test_the_command_of_an_effect_names_one_of_the_ledger() -> None:
    intent = Intent(EffectKind.MAIL, "invoice", "inv_1", {}, occasion="2026-01-01")

    assert f"billing retry {intent.effect_id}" in commands_of("effect_failed", intent.key)
