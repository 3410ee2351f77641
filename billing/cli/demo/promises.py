"""What must hold at the end of a demo, each as a sentence that is said when it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from billing.adapters.ledger.checks import CheckResult
from billing.adapters.ledger.overview import Overview
from billing.cli.demo.history import Diary
from billing.cli.demo.summary import oracle_counts, unexpected_failures
from billing.sandbox.seed.plan import PlannedJob, SeedPlan

# How the seeded sessions that go wrong must end; the sentences behind these codes say what to do.
EXPECTED_ATTENTION = {
    "missing_email": "missing_email",
    "voided_order": "order_voided",
    "total_disagrees": "total_mismatch",
    "bouncing_email": "effect_failed",
}
# What comes of money that went back, or came otherwise than it was asked for, once it has: all of it is a person's.
POSSIBLE_ATTENTION = {
    "damaged_prints": "vsco_refund_not_there",
    "disputed": "dispute_open",
    "paid_in_another_currency": "paid_in_another_currency",
}
# All reminders were sent to a client who never pays: the policy hands over to a person, as it should.
ORDINARY_ATTENTION = "follow_ups_ended"


def broken_checks(results: Sequence[CheckResult]) -> list[str]:
    return [f"{one.name} has {len(one.violations)} violations: {one.violations[0]}" for one in results if not one.holds]


def broken_promises(
    overview: Overview, oracle: dict[str, Any], after_one_more_round: dict[str, Any], plan: SeedPlan, diary: Diary
) -> list[str]:
    """All that did not hold, beside the ledger's own checks."""
    return [
        *_unseen(overview, diary),
        *_differences(overview, oracle),
        *_done_twice(oracle),
        *_wrong_attention(overview, plan, diary),
        *unexpected_failures(overview.effects(), diary),
        *_changed(oracle, after_one_more_round),
    ]


def _unseen(overview: Overview, diary: Diary) -> list[str]:
    """Every completed session was noticed, and is billed or waits for a person."""
    settled = {session.job_id for session in overview.sessions() if session.state in ("billed", "attention")}
    return [
        f"job {job_id} was completed and is neither billed nor set aside"
        for job_id in diary.completed
        if job_id not in settled
    ]


def _differences(overview: Overview, oracle: dict[str, Any]) -> list[str]:
    """The ledger says exactly what happened outside, to the count and to the cent."""
    effects, captured = overview.effects(), overview.captured()
    ours = {
        "charges": captured.pop("count", 0),
        "mails": sum(one.kind == "mail" and one.state == "done" for one in effects),
        "grants": overview.galleries_opened(),
        "write_backs": sum(one.kind == "write_back" and one.state == "done" for one in effects),
    }
    theirs = oracle_counts(oracle)
    counts = [
        f"{name}: {ours[name]} in the ledger, {theirs[name]} outside" for name in ours if ours[name] != theirs[name]
    ]
    amount, charged = sum(captured.values()), oracle["charges"]["amount"]
    return (
        counts if amount == charged else [*counts, f"captured: {amount} minor units in the ledger, {charged} outside"]
    )


def _done_twice(oracle: dict[str, Any]) -> list[str]:
    twice = {
        "charged more than once": oracle["charges"]["subjects_charged_more_than_once"],
        "mailed more than once": oracle["mails"]["duplicate_message_ids"],
        "opened more than once": oracle["grants"]["opened_more_than_once"],
        "written back more than once": oracle["write_backs"]["duplicate_transaction_ids"],
    }
    return [f"{what}: {', '.join(subjects)}" for what, subjects in twice.items() if subjects]


def _wrong_attention(overview: Overview, plan: SeedPlan, diary: Diary) -> list[str]:
    """Under "needs attention" are the difficult sessions, money that went back, who never pays, and nothing else."""
    wanted = Counter(
        (EXPECTED_ATTENTION[str(job.difficulty)], job.name)
        for job in _of_stories(plan, EXPECTED_ATTENTION)
        if job.id in diary.completed
    )
    possible = {(POSSIBLE_ATTENTION[str(job.difficulty)], job.name) for job in _of_stories(plan, POSSIBLE_ATTENTION)}
    found = Counter(
        (code, job_name) for code, job_name in attention_by_job(overview, plan) if code != ORDINARY_ATTENTION
    )
    missing = [
        f"{name} should need attention for {code} and does not" for code, name in wanted if (code, name) not in found
    ]
    surplus = [
        f"{name} needs attention for {code}, unexpectedly"
        for code, name in found
        if (code, name) not in wanted and (code, name) not in possible
    ]
    return missing + surplus


def _of_stories(plan: SeedPlan, codes: Mapping[str, str]) -> list[PlannedJob]:
    return [job for job in plan.jobs if job.difficulty in codes]


def attention_by_job(overview: Overview, plan: SeedPlan) -> list[tuple[str, str]]:
    """(code, the job's name) of every open item, whether it hangs on a session, an invoice, its money or an effect."""
    names = {job.id: job.name for job in plan.jobs}
    jobs = {session.session_id: names.get(session.job_id, session.name) for session in overview.sessions()}
    jobs |= {invoice.invoice_id: jobs[invoice.session_id] for invoice in overview.invoices()}
    jobs |= {effect.key: jobs[effect.subject_id] for effect in overview.effects() if effect.subject_id in jobs}
    jobs |= {moved: jobs[invoice_id] for moved, invoice_id in overview.invoices_of_money().items()}
    return [(code, jobs.get(subject, subject)) for subject, code in overview.attention_codes()]


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A full round more, with nothing new outside, does nothing more outside."""
    return [
        f"one more round changed {kind}: {before['counts'].get(kind, 0)} before, {after['counts'].get(kind, 0)} after"
        for kind in sorted({*before["counts"], *after["counts"]})
        if before["counts"].get(kind, 0) != after["counts"].get(kind, 0)
    ]
