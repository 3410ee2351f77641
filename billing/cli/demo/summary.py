"""What a demo came to: the ledger's own counts, the sandbox's counts, and whether they are the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from billing.adapters.ledger.overview import EffectRow, Overview
from billing.cli.demo.history import Diary


def summarize(overview: Overview, oracle: dict[str, Any], diary: Diary, broken_checks: Sequence[str]) -> dict[str, Any]:
    """The keys of var/demo/summary.json. Seconds are from the trigger's observation to the client's having it."""
    effects = overview.effects()
    seconds = sorted(one.processing_seconds for one in overview.invoices() if one.processing_seconds is not None)
    return {
        "sessions_completed": len(diary.completed),
        "invoices_finalized": len(overview.invoices()),
        "emails_sent": _count(effects, "mail", "done"),
        "charges_succeeded": _count(effects, "charge", "done"),
        "charges_declined": _count(effects, "charge", "failed"),
        "payments_recorded": overview.payments_recorded(),
        "receipts_sent": _count(effects, "mail", "done", "receipt"),
        "reminders_sent": _count(effects, "mail", "done", "reminder"),
        "galleries_granted": overview.galleries_opened(),
        "vsco_payments_written_back": _count(effects, "write_back", "done"),
        "needs_attention": len(overview.attention_codes()),
        "unexpected_failures": len(unexpected_failures(effects, diary)),
        "ledger_balanced": not broken_checks,
        "processing_seconds_p50": percentile(seconds, 50),
        "processing_seconds_p95": percentile(seconds, 95),
        "oracle": oracle_counts(oracle),
    }


def oracle_counts(oracle: dict[str, Any]) -> dict[str, int]:
    """The sandbox's counts of what went out."""
    return {
        "charges": oracle["charges"]["succeeded"],
        "mails": oracle["mails"]["accepted"],
        "grants": oracle["grants"]["opened"],
        "write_backs": oracle["write_backs"]["payments"],
    }


def unexpected_failures(effects: Sequence[EffectRow], diary: Diary) -> list[str]:
    """Runs of jobs that failed, and effects that ended otherwise than the seed's story has it.

    The story has declined cards (a charge that fails cleanly) and one mailbox that does not exist.
    """
    failed = list(diary.failed_runs)
    for effect in effects:
        if effect.state == "unknown" or (effect.state == "failed" and not _is_in_the_story(effect)):
            failed.append(f"{effect.key} is {effect.state}: {effect.outcome_code}")
    return failed


def percentile(sorted_values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    if not sorted_values:
        return None
    rank = math.ceil(percent * len(sorted_values) / 100)
    return round(sorted_values[max(0, rank - 1)], 3)


def _is_in_the_story(effect: EffectRow) -> bool:
    return effect.kind == "charge" or (effect.kind == "mail" and effect.outcome_code == "mail_bounced")


def _count(effects: Sequence[EffectRow], kind: str, state: str, purpose: str = "") -> int:
    return sum(one.kind == kind and one.state == state and one.purpose.startswith(purpose) for one in effects)
