"""Many web hooks in no order, some twice, some twice at the same instant, at several endpoints, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from web_hook_deliveries import event, signed

AT_ONCE = 20
SENT_AGAIN_AT_MOST = 20


@dataclass(frozen=True)
class Burst:
    """What each delivery was answered (`kept` | `known`), how many had to be sent again, and how long it took."""

    answers: Counter[str]
    sent_again: int
    seconds: float
    milliseconds: list[float]

    @property
    def rate(self) -> float:
        return len(self.milliseconds) / self.seconds

    @property
    def p99_ms(self) -> float:
        return statistics.quantiles(self.milliseconds, n=100, method="inclusive")[98]


def deliveries(count: int, seed: int) -> list[list[dict[str, Any]]]:
    """`count` events in no order: a fifth once more later, a tenth to two endpoints at the same instant."""
    chance = random.Random(seed)
    once = [[event(f"evt_{number:05d}")] for number in range(count)]
    later = [list(one) for one in chance.sample(once, count // 5)]
    for one in chance.sample(once, count // 10):
        one.append(one[0])
    every = once + later
    chance.shuffle(every)
    return every


def send_burst(
    endpoints: Sequence[str],
    secret: str,
    every: Sequence[list[dict[str, Any]]],
    told: Callable[[int], None] = lambda _taken: None,
) -> Burst:
    """Bring all of it, as Stripe does: what is not taken is sent again. `told` hears how many were taken so far."""
    return asyncio.run(_send(endpoints, secret, every, told))


async def _send(
    endpoints: Sequence[str], secret: str, every: Sequence[list[dict[str, Any]]], told: Callable[[int], None]
) -> Burst:
    answers: Counter[str] = Counter()
    milliseconds: list[float] = []
    waiting = list(enumerate(every))[::-1]
    sent_again = 0

    async def bring(client: httpx.AsyncClient, first: int, raw: bytes) -> None:
        nonlocal sent_again
        for tries in range(SENT_AGAIN_AT_MOST):
            header = {"stripe-signature": signed(raw, int(time.time()), secret)}
            began = time.perf_counter()
            with contextlib.suppress(httpx.TransportError):  # its process is gone: the next one
                answer = await client.post(endpoints[(first + tries) % len(endpoints)], content=raw, headers=header)
                milliseconds.append((time.perf_counter() - began) * 1000)
                if answer.is_success:
                    answers[answer.text.strip()] += 1
                    told(sum(answers.values()))
                    return
            sent_again += 1
        raise AssertionError("refused for ever")

    async def courier(client: httpx.AsyncClient) -> None:
        while waiting:
            number, same_instant = waiting.pop()
            bodies = [json.dumps(one).encode() for one in same_instant]
            await asyncio.gather(*(bring(client, number + at, raw) for at, raw in enumerate(bodies)))

    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        began = time.perf_counter()
        await asyncio.gather(*(courier(client) for _ in range(AT_ONCE)))
        return Burst(answers, sent_again, time.perf_counter() - began, milliseconds)
