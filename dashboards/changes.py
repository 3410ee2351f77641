"""Whether a figure has moved. Below these amounts a change is noise, and is called that; of a handful none is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dashboards import wording

SAME_SECONDS = 60  # of an invoice that was promised within a day, nobody notices a minute
SAME_PART = 0.05  # of a duration; a twentieth is within its ups and downs
SAME_SHARE = 0.01  # one point: what is shown is whole points
SAME_DAYS = 1  # invoices and payments have a day, not an hour

FEWEST = 10  # on either side: of fewer, one invoice more or less would turn the verdict

_ROUNDING = 1e-9  # 0.91 - 0.90 is a hair less than 0.01


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """A change in words: "5 min faster", "about the same"."""

    words: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Sample:
    """Of how many things a figure is made, now and in the time that it is compared with."""

    now: int
    before: int
    thing: str = "invoice"

    @property
    def words(self) -> str:
        """ "12 invoices, 9 before"."""
        return f"{wording.count(self.now, self.thing)}, {self.before:,} before"


ABOUT_THE_SAME = Change("about the same", Verdict.SAME)


def judged(change: Change | None, sample: Sample) -> Change | None:
    """The change, unless it is that of a handful: then nothing is better or worse."""
    return change if min(sample.now, sample.before) >= FEWEST else None


def of_duration(now: float | None, before: float | None) -> Change | None:
    """Of seconds; None where one of them is unknown."""
    if now is None or before is None:
        return None
    if abs(now - before) < max(SAME_SECONDS, before * SAME_PART):
        return ABOUT_THE_SAME
    return _faster_or_slower(wording.duration(abs(now - before)), is_faster=now < before)


def of_days(now: float | None, before: float | None) -> Change | None:
    if now is None or before is None:
        return None
    if abs(now - before) < SAME_DAYS - _ROUNDING:
        return ABOUT_THE_SAME
    return _faster_or_slower(wording.days(abs(now - before)), is_faster=now < before)


def of_share(now: float | None, before: float | None) -> Change | None:
    """Of shares of one, told in points: more is better."""
    if now is None or before is None:
        return None
    if abs(now - before) < SAME_SHARE - _ROUNDING:
        return ABOUT_THE_SAME
    points = wording.count(round(abs(now - before) * 100), "point").replace(" ", wording.NBSP)
    verdict = Verdict.BETTER if now > before else Verdict.WORSE
    return Change(f"{points} {verdict}", verdict)


def _faster_or_slower(amount: str, *, is_faster: bool) -> Change:
    return Change(f"{amount} faster", Verdict.BETTER) if is_faster else Change(f"{amount} slower", Verdict.WORSE)
