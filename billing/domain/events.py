"""What happened, as sentences of the business, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

PIPELINE = "pipeline"  # the actor of everything that no person did


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """`event_id` follows from what happened, so that telling it twice is telling it once."""

    event_id: str
    kind: str
    subject_id: str
    at: datetime
    actor: str = PIPELINE
    body: dict[str, str | int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits for a person: which subject, a stable code, and a sentence that says what to do."""

    attention_id: int
    subject_id: str
    code: str
    sentence: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Command:
    """A human act that came through the command queue."""

    command_id: int
    name: str
    arguments: dict[str, str | int | None]
    actor: str
    reason: str
    submitted_at: datetime
