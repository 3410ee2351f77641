"""The events of an invoice in every order, doubled, and split over two workers: always the same ledger."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from shutil import copy
from threading import Barrier, Thread

from digest import Facts, describe, differences
from event_stories import STORIES, Story, told_by_nobody
from film import world_around
from ledger_places import Places, places
from own_postgres import administer, database_url, migrated_template, postgres_server
from proof import Count, Proof
from sqlalchemy.engine import URL
from studio import Studio

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.migrate import MIGRATIONS
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.payments import ProviderEvent
from billing.services.context import Context
from billing.services.intake.apply_events import apply_events

REPRODUCE = "make reliability ONLY=permutations"
ALL_UP_TO = 6  # 720 orders; of more events a sample


@dataclass(frozen=True)
class Case:
    """In which order the events come, whose they are, and whether each is applied at once or all of them together.

    An event that is both workers' has come by both endpoints.
    """

    order: tuple[int, ...]
    first: frozenset[int]
    second: frozenset[int]
    together: bool = False


@dataclass(frozen=True)
class Store:
    """A database that is prepared once, and one beside it that is made its copy before each case."""

    prepared: str
    url: str
    renew: Callable[[], object]


@contextmanager
def on_sqlite(place: Places) -> Iterator[Store]:
    prepared, path = place.ledger_file(), place.ledger_file()
    yield Store(f"sqlite:///{prepared}", f"sqlite:///{path}", partial(copy, prepared, path))


@contextmanager
def on_postgres(server: URL) -> Iterator[Store]:
    with migrated_template(server) as template:
        name = f"{template}_again"

        def renew() -> None:
            administer(server, f"drop database if exists {name} with (force)")
            administer(server, f"create database {name} template {template}")

        yield Store(database_url(server, template), database_url(server, name), renew)
        administer(server, f"drop database if exists {name} with (force)")


class Stage:
    """One story in one store: each case begins with a copy of the same ledger, in the same world.

    The two workers' ledgers live on from case to case, because a new one has to learn all its SQL anew.
    """

    def __init__(self, story: Story, store: Store) -> None:
        self._story, self._store = story, store
        self.world = told_by_nobody(store.prepared, story)
        self.world.ledger.close()
        self.events = len(self.world.gateway.events)
        self._ledgers = (SqlLedger(store.url), SqlLedger(store.url))

    def in_order(self) -> Facts:
        """As one worker applies them in the order in which they happened."""
        everything = frozenset(range(self.events))
        return self.after(Case(tuple(range(self.events)), everything, frozenset()))

    def after(self, case: Case) -> Facts:
        self._store.renew()
        try:
            return self._story.same(apply_case(case, self._ledgers, self.world))
        finally:
            for ledger in self._ledgers:
                ledger.close()


def cases_of(events: int, sample: int | None, seed: int = 0) -> Iterator[Case]:
    """All orders, or a sample of them, each with its own way to split and to double them."""
    chance = random.Random(seed)
    for order in _orders(events, sample, chance):
        owners = [chance.choice((1, 1, 2, 2, 3)) for _ in order]
        shares = [frozenset(n for n, owner in enumerate(owners) if owner & bit) for bit in (1, 2)]
        yield Case(order, shares[0], shares[1], chance.random() < 0.3)


def _orders(events: int, sample: int | None, chance: random.Random) -> Sequence[tuple[int, ...]]:
    if events > ALL_UP_TO:
        return [tuple(chance.sample(range(events), events)) for _ in range(sample or 720)]
    orders = list(itertools.permutations(range(events)))
    return orders if sample is None or sample >= len(orders) else chance.sample(orders, sample)


def apply_case(case: Case, ledgers: tuple[SqlLedger, SqlLedger], world: Studio) -> Facts:
    """Two workers, each with its own ledger over the same database, set out at once."""
    studio, begin, died = world_around(world, ledgers[0]), Barrier(2), list[Exception]()

    def work(ctx: Context, share: frozenset[int]) -> None:
        mine = [studio.gateway.events[number] for number in case.order if number in share]
        begin.wait()
        try:
            for batch in [mine] if case.together else [[event] for event in mine]:
                _keep(ctx, batch)
                apply_events(ctx)
        except Exception as error:
            died.append(error)

    shares = zip([replace(studio.ctx, ledger=ledger) for ledger in ledgers], (case.first, case.second), strict=True)
    threads = [Thread(target=work, args=share) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if died:
        raise died[0]
    facts = describe(ledgers[0].engine)
    facts["attention"] += [[check, "is broken"] for check in _broken(ledgers[0], studio)]
    return facts


def _broken(ledger: SqlLedger, studio: Studio) -> list[str]:
    checks = run_checks(ledger.engine, MIGRATIONS.parent, now=studio.clock.now())
    return [check.name for check in checks if not check.holds]


def _keep(ctx: Context, events: Sequence[ProviderEvent]) -> None:
    with ctx.ledger.write() as uow:
        for event in events:
            uow.payments.keep_event(ctx.gateway.name, event, ctx.now())


def violations(reference: Facts, stage: Stage, case: Case) -> list[str]:
    """What is not as it must be after this case, in one sentence."""
    try:
        unlike = differences(reference, stage.after(case))
    except Exception as error:
        unlike = [f"{type(error).__name__}: {error}"]
    return [f"{case}: {'; '.join(unlike[:3])} ({len(unlike)} differences)"] if unlike else []


def prove(long: bool, progress: Callable[[str], None]) -> list[Proof]:
    """Every order of every story on SQLite, a sample on PostgreSQL (`long`: every order there, too)."""
    proofs = []
    with ExitStack() as stack:
        place, server = stack.enter_context(places()), stack.enter_context(postgres_server())
        for name, story in STORIES.items():
            counts = [Count(f"permutations on {where}: {name}", REPRODUCE) for where in ("SQLite", "PostgreSQL")]
            sqlite = Stage(story, stack.enter_context(on_sqlite(place)))
            reference = sqlite.in_order()
            stages = [(counts[0], sqlite, None)]
            if server:
                postgres = Stage(story, stack.enter_context(on_postgres(server)))
                stages.append((counts[1], postgres, None if long else 60))
            for count, stage, sample in stages:
                for case in cases_of(stage.events, sample):
                    count.case(violations(reference, stage, case))
                    if count.tried % 100 == 0:
                        progress(f"{count.what}: {count.tried}")
            proofs += [count.proof() for count in counts]
    return proofs
