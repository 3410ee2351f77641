"""Intents, leases and outcomes. A lease is fenced: an outcome is recorded only by the worker that holds the newest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, Text, Update, bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from billing.adapters.ledger.own_order import next_number
from billing.adapters.ledger.schema import effects
from billing.adapters.ledger.statements import change, first, insert_once, rows
from billing.domain import canonical
from billing.domain.effects import Effect, EffectKind, EffectState, Intent, Outcome
from billing.domain.errors import PermanentError

_NOW = bindparam("now", type_=effects.c.not_before.type)
_LEASE = {
    "lease_owner": bindparam("owner"),
    "lease_until": bindparam("until"),
    "lease_fence": effects.c.lease_fence + 1,
}


def _of_the_due(*more: ColumnElement[bool]) -> ReturningUpdate[Any]:
    due = (
        select(effects.c.effect_id)
        .where(effects.c.state == "ready", effects.c.kind.in_(bindparam("kinds", expanding=True)), *more)
        .where(effects.c.not_before <= _NOW)
        .order_by(effects.c.intended_seq, effects.c.effect_id)
        .limit(bindparam("at_most", type_=Integer))
    )
    leased = update(effects).where(effects.c.effect_id.in_(due))
    return leased.values(state="in_flight", attempts=effects.c.attempts + 1, **_LEASE).returning(*effects.c)


_CLAIM = _of_the_due()
_CLAIM_OF_PURPOSES = _of_the_due(effects.c.purpose.in_(bindparam("of_purposes", expanding=True)))
_NOBODY_ASKS = effects.c.lease_until.is_(None) | (effects.c.lease_until < _NOW)
_TO_ASK = (effects.c.state == "unknown") & (effects.c.not_before <= _NOW) & _NOBODY_ASKS
_CLAIM_UNKNOWN = (
    update(effects)
    .where(effects.c.kind == bindparam("of_kind"), _TO_ASK)
    .values(asked=effects.c.asked + 1, **_LEASE)  # counted before the call: a crash while asking is a question, too
    .returning(*effects.c)
)
_HELD = update(effects).where(
    effects.c.effect_id == bindparam("this"),
    effects.c.lease_fence == bindparam("fence"),
    effects.c.state.in_(["in_flight", "unknown"]),
)
# Since when nobody knows how it ended is kept while it lasts.
_IN_DOUBT = {
    "unknown_since": func.coalesce(effects.c.unknown_since, bindparam("since", type_=effects.c.settled_at.type))
}
_HELD_IN_DOUBT = _HELD.values(_IN_DOUBT)
_STANDS_READY = update(effects).where(effects.c.effect_id == bindparam("this"), effects.c.state == "ready")
_ANY = update(effects).where(effects.c.effect_id == bindparam("this"))
_ANY_IN_DOUBT = _ANY.values(_IN_DOUBT)

_IN_ORDER = select(effects).order_by(effects.c.intended_seq, effects.c.effect_id)
_BY_ID = select(effects).where(effects.c.effect_id == bindparam("effect_id"))
_IN_STATE = _IN_ORDER.where(effects.c.state == bindparam("state"))
_IN_STATE_OF_KIND = _IN_STATE.where(effects.c.kind == bindparam("kind"))
_DONE_BETWEEN = _IN_ORDER.where(
    effects.c.kind == bindparam("kind"),
    effects.c.state == "done",
    effects.c.settled_at >= bindparam("since"),
    effects.c.settled_at < bindparam("until"),
)
_OF_SUBJECT = _IN_ORDER.where(effects.c.subject_id == bindparam("subject_id"))
_LAPSED = (effects.c.state == "in_flight") & (effects.c.lease_until < _NOW)
_ALL_LAPSED = _IN_ORDER.where(_LAPSED)
_ALL_TO_ASK = _IN_ORDER.where(_TO_ASK)
_DUE = (
    select(effects.c.effect_id, effects.c.kind)
    .where(((effects.c.state == "ready") & (effects.c.not_before <= _NOW)) | _LAPSED)
    .order_by(effects.c.intended_seq, effects.c.effect_id)
)
_IN_DOUBT_SINCE = func.coalesce(effects.c.unknown_since, effects.c.created_at)
_OVERDUE = _IN_ORDER.where(  # what was decided long ago for a day to come is not late on that day
    (effects.c.state.in_(["ready", "in_flight"]) & (effects.c.not_before < bindparam("before")))
    | ((effects.c.state == "unknown") & (bindparam("before") > _IN_DOUBT_SINCE))
)
_PREFIX = bindparam("prefix", type_=Text)
_SENT = (
    select(effects.c.purpose, effects.c.settled_at, effects.c.created_at)
    .where(
        effects.c.subject_id == bindparam("subject_id"),
        effects.c.kind == "mail",
        func.substr(effects.c.purpose, 1, func.length(_PREFIX)) == _PREFIX,
        effects.c.state.in_(["done", "unknown", "in_flight", "ready", "failed"]),
    )
    .order_by(func.coalesce(effects.c.settled_at, effects.c.created_at))
)
_INTENDED_SINCE = select(func.count()).where(
    effects.c.kind == bindparam("kind"),
    (effects.c.state == "in_flight")
    | (effects.c.state.in_(["done", "unknown", "failed"]) & (effects.c.settled_at >= bindparam("since"))),
)


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
            "intended_seq": next_number(self._connection, now),
        }
        return insert_once(self._connection, effects, values)

    def claim(
        self,
        kinds: Sequence[EffectKind],
        owner: str,
        now: datetime,
        lease_until: datetime,
        limit: int,
        purposes: Sequence[str] | None = None,
    ) -> list[Effect]:
        lease = {"owner": owner, "until": lease_until, "now": now, "kinds": list(kinds), "at_most": limit}
        if purposes is None:
            return self._leased(_CLAIM, **lease)
        return self._leased(_CLAIM_OF_PURPOSES, of_purposes=[str(one) for one in purposes], **lease)

    def note_reference(self, effect: Effect, reference: str) -> None:
        if self._change_held(_HELD, effect, provider_reference=reference) != 1:
            raise PermanentError("lease_lost", f"{effect.key} is held by another worker now; nothing was done.")

    def settle(self, effect: Effect, outcome: Outcome, now: datetime) -> bool:
        values: dict[str, Any] = {
            "state": outcome.state.value,
            "outcome_code": outcome.code,
            "outcome": outcome.detail,
            "lease_owner": None,
            "lease_until": None,
            "settled_at": None if outcome.state is EffectState.READY else now,
        }
        if outcome.reference is not None:
            values["provider_reference"] = outcome.reference
        if outcome.retry_at is not None:
            values["not_before"] = outcome.retry_at
        if outcome.state is EffectState.UNKNOWN:
            return self._change_held(_HELD_IN_DOUBT, effect, since=now, **values) == 1
        return self._change_held(_HELD, effect, **values, **_without_doubt(outcome.state)) == 1

    def give_up(self, effect_id: str, code: str, detail: str, now: datetime) -> bool:
        values = {"state": EffectState.CANCELLED.value, "outcome_code": code, "outcome": detail, "settled_at": now}
        return change(self._connection, _STANDS_READY, this=effect_id, **values) == 1

    def lapsed(self, now: datetime) -> list[Effect]:
        return self._all(_ALL_LAPSED, now=now)

    def to_ask(self, now: datetime) -> list[Effect]:
        return self._all(_ALL_TO_ASK, now=now)

    def claim_unknown(self, kind: EffectKind, owner: str, now: datetime, lease_until: datetime) -> list[Effect]:
        # Several workers read this; only one of them may ask, for asking may write (a payment back, once).
        return self._leased(_CLAIM_UNKNOWN, of_kind=kind, owner=owner, until=lease_until, now=now)

    def in_state(self, state: EffectState, kind: EffectKind | None = None) -> list[Effect]:
        return self._all(_IN_STATE_OF_KIND, state=state, kind=kind) if kind else self._all(_IN_STATE, state=state)

    def of_subject(self, subject_id: str, kind: EffectKind | None = None) -> list[Effect]:
        return [effect for effect in self._all(_OF_SUBJECT, subject_id=subject_id) if kind in (None, effect.kind)]

    def get(self, effect_id: str) -> Effect | None:
        row = first(self._connection, _BY_ID, effect_id=effect_id)
        return _effect(row) if row else None

    def sent_on(self, subject_id: str, purpose_prefix: str) -> list[tuple[str, datetime]]:
        found = rows(self._connection, _SENT, subject_id=subject_id, prefix=purpose_prefix)
        return [(row.purpose, row.settled_at or row.created_at) for row in found]

    def intended_since(self, kind: EffectKind, since: datetime) -> int:
        return int(self._connection.execute(_INTENDED_SINCE, {"kind": kind, "since": since}).scalar_one())

    def done_between(self, kind: EffectKind, since: datetime, until: datetime) -> list[Effect]:
        return self._all(_DONE_BETWEEN, kind=kind, since=since, until=until)

    def reopen(self, effect_id: str, state: EffectState, not_before: datetime) -> None:
        values = {"state": state.value, "not_before": not_before, "lease_owner": None, "lease_until": None}
        if state is EffectState.UNKNOWN:
            change(self._connection, _ANY_IN_DOUBT, this=effect_id, since=not_before, **values)
        else:
            change(self._connection, _ANY, this=effect_id, **values, **_without_doubt(state))

    def due(self, now: datetime) -> list[tuple[str, EffectKind]]:
        return [(row.effect_id, EffectKind(row.kind)) for row in rows(self._connection, _DUE, now=now)]

    def overdue(self, before: datetime) -> list[Effect]:
        return self._all(_OVERDUE, before=before)

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

    def _change_held(self, held: Update, effect: Effect, **values: Any) -> int:
        return change(self._connection, held, this=effect.effect_id, fence=effect.fence, **values)

    def _leased(self, claim: ReturningUpdate[Any], **values: Any) -> list[Effect]:
        """In the order in which they were intended; the rows of an update come in none."""
        claimed = sorted(self._connection.execute(claim, values), key=lambda row: (row.intended_seq, row.effect_id))
        return [_effect(row) for row in claimed]

    def _all(self, query: Select[Any], **values: Any) -> list[Effect]:
        return [_effect(row) for row in rows(self._connection, query, **values)]


def _without_doubt(state: EffectState) -> dict[str, Any]:
    return {"unknown_since": None} | ({"asked": 0} if state is EffectState.READY else {})


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
        not_before=row.not_before,
        settled_at=row.settled_at,
    )
