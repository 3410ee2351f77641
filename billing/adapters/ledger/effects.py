"""Intents, leases and outcomes. A lease is fenced: an outcome is recorded only by the worker that holds the newest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, literal, select, update

from billing.adapters.ledger.schema import effects
from billing.adapters.ledger.statements import first, insert_once, rows
from billing.domain import canonical
from billing.domain.effects import Effect, EffectKind, EffectState, Intent, Outcome
from billing.domain.errors import PermanentError


class SqlEffects:
    """Implements ports.ledger.Effects."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def intend(self, intent: Intent, now: datetime) -> bool:
        parameters = canonical.dumps(intent.parameters)
        values = {
            "effect_id": intent.effect_id,
            "kind": intent.kind.value,
            "purpose": intent.purpose,
            "subject_id": intent.subject_id,
            "key": intent.key,
            "parameters": parameters,
            "parameters_sha256": canonical.sha256(parameters),
            "state": EffectState.READY.value,
            "not_before": intent.not_before or now,
            "attempts": 0,
            "lease_fence": 0,
            "created_at": now,
        }
        return insert_once(self._connection, effects, values)

    def claim(
        self,
        kinds: Sequence[EffectKind],
        owner: str,
        now: datetime,
        lease_until: datetime,
        limit: int,
        purpose: str | None = None,
    ) -> list[Effect]:
        of_purpose = [] if purpose is None else [effects.c.purpose == purpose]
        due = (
            select(effects.c.effect_id)
            .where(effects.c.state == "ready", effects.c.kind.in_(kinds), effects.c.not_before <= now, *of_purpose)
            .order_by(effects.c.created_at, effects.c.effect_id)
            .limit(limit)
        )
        leased = (
            update(effects)
            .where(effects.c.effect_id.in_(due))
            .values(
                state="in_flight",
                lease_owner=owner,
                lease_until=lease_until,
                lease_fence=effects.c.lease_fence + 1,
                attempts=effects.c.attempts + 1,
            )
            .returning(*effects.c)
        )
        claimed = [_effect(row) for row in self._connection.execute(leased)]
        return sorted(claimed, key=lambda effect: (effect.created_at, effect.effect_id))

    def note_reference(self, effect: Effect, reference: str) -> None:
        noted = self._held(effect).values(provider_reference=reference)
        if self._connection.execute(noted).rowcount != 1:
            raise PermanentError("lease_lost", f"{effect.key} is held by another worker now; nothing was done.")

    def settle(self, effect: Effect, outcome: Outcome, now: datetime) -> bool:
        values: dict[str, Any] = {
            "state": outcome.state.value,
            "outcome_code": outcome.code,
            "outcome": outcome.detail,
            "lease_owner": None,
            "lease_until": None,
            "settled_at": None if outcome.state is EffectState.READY else now,
            **_doubt(outcome.state, now),
        }
        if outcome.reference is not None:
            values["provider_reference"] = outcome.reference
        if outcome.retry_at is not None:
            values["not_before"] = outcome.retry_at
        return self._connection.execute(self._held(effect).values(values)).rowcount == 1

    def lapsed(self, now: datetime) -> list[Effect]:
        return self._all(effects.c.state == "in_flight", effects.c.lease_until < now)

    def to_ask(self, now: datetime) -> list[Effect]:
        return self._all(_is_to_ask(now))

    def claim_unknown(self, kind: EffectKind, owner: str, now: datetime, lease_until: datetime) -> list[Effect]:
        # Several workers read this; only one of them may ask, for asking may write (a payment back, once).
        leased = (
            update(effects)
            .where(effects.c.kind == kind, _is_to_ask(now))
            .values(
                lease_owner=owner,
                lease_until=lease_until,
                lease_fence=effects.c.lease_fence + 1,
                asked=effects.c.asked + 1,  # counted before the call: a crash while asking is a question, too
            )
            .returning(*effects.c)
        )
        claimed = [_effect(row) for row in self._connection.execute(leased)]
        return sorted(claimed, key=lambda effect: (effect.created_at, effect.effect_id))

    def in_state(self, state: EffectState, kind: EffectKind | None = None) -> list[Effect]:
        return self._all(effects.c.state == state, *([effects.c.kind == kind] if kind else []))

    def of_subject(self, subject_id: str, kind: EffectKind | None = None) -> list[Effect]:
        return self._all(effects.c.subject_id == subject_id, *([effects.c.kind == kind] if kind else []))

    def get(self, effect_id: str) -> Effect | None:
        row = first(self._connection, select(effects).where(effects.c.effect_id == effect_id))
        return _effect(row) if row else None

    def sent_on(self, subject_id: str, purpose_prefix: str) -> list[tuple[str, datetime]]:
        at = func.coalesce(effects.c.settled_at, effects.c.created_at).label("at")
        query = (
            select(effects.c.purpose, effects.c.settled_at, effects.c.created_at)
            .where(
                effects.c.subject_id == subject_id,
                effects.c.kind == "mail",
                effects.c.purpose.startswith(purpose_prefix, autoescape=True),
                effects.c.state.in_(["done", "unknown", "in_flight", "ready", "failed"]),
            )
            .order_by(at)
        )
        return [(row.purpose, row.settled_at or row.created_at) for row in rows(self._connection, query)]

    def intended_since(self, kind: EffectKind, since: datetime) -> int:
        query = select(func.count()).where(
            effects.c.kind == kind,
            (effects.c.state == "in_flight")
            | (effects.c.state.in_(["done", "unknown", "failed"]) & (effects.c.settled_at >= since)),
        )
        return int(self._connection.execute(query).scalar_one())

    def reopen(self, effect_id: str, state: EffectState, not_before: datetime) -> None:
        values = {"state": state.value, "not_before": not_before, "lease_owner": None, "lease_until": None}
        values |= _doubt(state, not_before)
        self._connection.execute(update(effects).where(effects.c.effect_id == effect_id).values(values))

    def due(self, now: datetime) -> list[tuple[str, EffectKind]]:
        query = (
            select(effects.c.effect_id, effects.c.kind)
            .where(_is_due(now))
            .order_by(effects.c.created_at, effects.c.effect_id)
        )
        return [(row.effect_id, EffectKind(row.kind)) for row in rows(self._connection, query)]

    def overdue(self, before: datetime) -> list[Effect]:
        waits = (effects.c.state == "ready") & (effects.c.not_before < before)
        open_ = effects.c.state.in_(["in_flight", "unknown"]) & (effects.c.created_at < before)
        return self._all(waits | open_)

    def doubt_all(self, code: str, detail: str, now: datetime) -> list[Effect]:
        values = {
            "state": "unknown",
            "outcome_code": code,
            "outcome": detail,
            "not_before": now,
            "lease_owner": None,
            "lease_until": None,
            "lease_fence": effects.c.lease_fence + 1,  # whoever holds a lease is late from now on
            "settled_at": now,
            "unknown_since": now,
            "asked": 0,
        }
        doubted = (
            update(effects).where(effects.c.state.in_(["ready", "in_flight"])).values(values).returning(*effects.c)
        )
        return [_effect(row) for row in self._connection.execute(doubted)]

    def _held(self, effect: Effect) -> Any:
        return update(effects).where(
            effects.c.effect_id == effect.effect_id,
            effects.c.lease_fence == effect.fence,
            effects.c.state.in_(["in_flight", "unknown"]),
        )

    def _all(self, *where: Any) -> list[Effect]:
        query = select(effects).where(*where).order_by(effects.c.created_at, effects.c.effect_id)
        return [_effect(row) for row in rows(self._connection, query)]


def _doubt(state: EffectState, now: datetime) -> dict[str, Any]:
    """Since when nobody knows how it ended, and how often that was asked: kept while it lasts."""
    if state is EffectState.UNKNOWN:
        return {"unknown_since": func.coalesce(effects.c.unknown_since, literal(now, effects.c.unknown_since.type))}
    return {"unknown_since": None} | ({"asked": 0} if state is EffectState.READY else {})


def _is_due(now: datetime) -> ColumnElement[bool]:
    return ((effects.c.state == "ready") & (effects.c.not_before <= now)) | (
        (effects.c.state == "in_flight") & (effects.c.lease_until < now)
    )


def _is_to_ask(now: datetime) -> ColumnElement[bool]:
    nobody_asks = effects.c.lease_until.is_(None) | (effects.c.lease_until < now)
    return (effects.c.state == "unknown") & (effects.c.not_before <= now) & nobody_asks


def _effect(row: Row[Any]) -> Effect:
    return Effect(
        effect_id=row.effect_id,
        kind=EffectKind(row.kind),
        purpose=row.purpose,
        subject_id=row.subject_id,
        key=row.key,
        parameters=json.loads(row.parameters),
        state=EffectState(row.state),
        attempts=row.attempts,
        fence=row.lease_fence,
        provider_reference=row.provider_reference,
        created_at=row.created_at,
        asked=row.asked,
        unknown_since=row.unknown_since,
        outcome_code=row.outcome_code,
    )
