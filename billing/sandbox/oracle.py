"""What really happened outside, summed up: the figures that tests and the demo hold against the business's own."""

from __future__ import annotations

from collections import Counter

from billing.sandbox.store import Body, Store


def oracle(store: Store) -> Body:
    """Counts and totals (minor units) of every effect; `duplicates` lists what happened more often than once."""
    effects = store.effects()
    written = [effect for effect in effects if effect["kind"] == "vsco.payment_written_back"]
    return {
        "counts": store.effect_counts(),
        "amounts": _amounts(effects),
        "charges": _charges(effects),
        "mails": _mails(store),
        "grants": _grants(effects),
        "write_backs": {
            "payments": len(written),
            "amount": sum(effect["detail"]["amount"] for effect in written),
            "duplicate_transaction_ids": _twice([effect["subject"] for effect in written]),
        },
    }


def _amounts(effects: list[Body]) -> Body:
    """Sum of `amount` by kind and currency, for every effect that moved money."""
    sums: dict[str, Counter[str]] = {}
    for effect in effects:
        amount = effect["detail"].get("amount")
        if isinstance(amount, int):
            currency = str(effect["detail"].get("currency") or "studio")
            sums.setdefault(effect["kind"], Counter())[currency] += amount
    return {kind: dict(by_currency) for kind, by_currency in sorted(sums.items())}


def _charges(effects: list[Body]) -> Body:
    """What left clients' accounts at Stripe, and which subjects (invoices) were charged more often than once."""
    succeeded = [effect for effect in effects if effect["kind"] == "stripe.charge_succeeded"]
    return {
        "succeeded": len(succeeded),
        "amount": sum(effect["detail"]["amount"] for effect in succeeded),
        "subjects_charged_more_than_once": _twice([effect["subject"] for effect in succeeded]),
    }


def _mails(store: Store) -> Body:
    accepted = store.effects("mail.accepted")
    kinds = Counter(subject_kind(effect["detail"]["subject"]) for effect in accepted)
    return {
        "accepted": len(accepted),
        "by_subject_kind": dict(sorted(kinds.items())),
        "duplicate_message_ids": _twice([effect["subject"] for effect in accepted]),
    }


def subject_kind(subject: str) -> str:
    """A subject's words before its first number: "Your invoice 2026-0042 from North Light" is "Your invoice"."""
    words: list[str] = []
    for word in subject.split():
        if any(letter.isdigit() for letter in word):
            break
        words.append(word.strip(":,"))
    return " ".join(words[:5])


def _grants(effects: list[Body]) -> Body:
    """Galleries opened and closed, and those that stand open now."""
    opened: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    standing: dict[str, bool] = {}
    for effect in effects:
        change = _access(effect)
        if change is None:
            continue
        (opened if change else closed)[effect["subject"]] += 1
        standing[effect["subject"]] = change
    return {
        "opened": sum(opened.values()),
        "closed": sum(closed.values()),
        "open_now": sorted(subject for subject, is_open in standing.items() if is_open),
        "opened_more_than_once": sorted(subject for subject, times in opened.items() if times > 1),
    }


def _access(effect: Body) -> bool | None:
    """True when the effect opened a gallery, False when it closed one, None when it did neither."""
    if effect["kind"] in ("pixieset.access_opened", "pixieset.access_closed"):
        return bool(effect["kind"] == "pixieset.access_opened")
    if effect["kind"] != "vsco.gallery_updated" or effect["detail"]["before"] == effect["detail"]["after"]:
        return None
    if "active" not in (effect["detail"]["before"], effect["detail"]["after"]):
        return None
    return bool(effect["detail"]["after"] == "active")


def _twice(subjects: list[str]) -> list[str]:
    return sorted(subject for subject, times in Counter(subjects).items() if times > 1)
