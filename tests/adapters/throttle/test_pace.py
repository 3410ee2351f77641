"""No second holds more calls than the limit: in one thread, in many, in many processes, whatever the file says."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from billing.adapters.throttle import Pace
from billing.domain.errors import TemporaryError

SECOND = 1_000_000_000


@dataclass
class Moments:
    """A monotonic clock that goes only while somebody sleeps; `late` says by how much each sleep is overslept."""

    at: int = 5_000 * SECOND
    late: Iterator[float] = field(default_factory=lambda: iter(lambda: 0.0, None))

    def now(self) -> int:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += round((seconds + next(self.late)) * SECOND)


def pace(moments: Moments, per_second: float = 25, path: Path | None = None) -> Pace:
    return Pace("Stripe", per_second, path, now=moments.now, sleep=moments.sleep)


def calls(moments: Moments, throttle: Pace, count: int) -> list[int]:
    passed = []
    for _ in range(count):
        throttle.wait()
        passed.append(moments.now())
    return passed


def most_in_a_second(passed: list[int]) -> int:
    ordered = sorted(passed)
    return max(sum(start <= moment <= start + SECOND for moment in ordered) for start in ordered)


@pytest.mark.parametrize("per_second", [1, 2, 25, 100, 1000])
def test_no_window_of_a_second_holds_more_than_the_limit(per_second: int) -> None:
    moments = Moments()

    passed = calls(moments, pace(moments, per_second), per_second * 4)

    assert most_in_a_second(passed) <= per_second
    assert (passed[-1] - passed[0]) / SECOND <= 4 / 0.92


@pytest.mark.parametrize("seed", range(20))
def test_late_callers_and_pauses_of_their_own_never_add_up_to_a_burst(seed: int) -> None:
    chance = random.Random(seed)
    moments = Moments(late=iter(lambda: chance.choice([0, 0, 0.002, 0.03, 0.3]), None))
    throttle, passed = pace(moments), []
    for _ in range(300):
        if chance.random() < 0.05:
            moments.sleep(chance.random() * 3)
        passed += calls(moments, throttle, 1)

    assert most_in_a_second(passed) <= 25


def test_a_little_lateness_costs_no_throughput() -> None:
    chance = random.Random(1)
    moments = Moments(late=iter(lambda: chance.uniform(0, 0.009), None))

    passed = calls(moments, pace(moments), 500)

    assert 499 * SECOND / (passed[-1] - passed[0]) / 25 >= 0.92


def test_two_who_name_the_same_file_share_one_limit(tmp_path: Path) -> None:
    moments = Moments()
    one, other = (pace(moments, 25, tmp_path / "pace") for _ in range(2))

    passed = [moment for _ in range(50) for each in (one, other) for moment in calls(moments, each, 1)]

    assert most_in_a_second(passed) <= 25


def test_a_pause_that_one_is_asked_for_holds_for_all(tmp_path: Path) -> None:
    moments = Moments()
    one, other = (pace(moments, 25, tmp_path / "pace") for _ in range(2))
    before = moments.now()
    one.slow_down(3)

    [passed] = calls(moments, other, 1)

    assert passed - before >= 3 * SECOND


def test_a_pause_of_unsaid_length_is_a_second() -> None:
    moments = Moments()
    throttle = pace(moments)
    throttle.slow_down(None)

    [passed] = calls(moments, throttle, 1)

    assert SECOND <= passed - 5_000 * SECOND < 1.1 * SECOND


def test_whoever_would_wait_long_is_told_to_come_back_and_takes_no_turn(tmp_path: Path) -> None:
    moments = Moments()
    throttle = pace(moments, 25, tmp_path / "pace")
    throttle.slow_down(30)
    for _ in range(100):
        with pytest.raises(TemporaryError, match="Stripe has asked for a pause") as later:
            throttle.wait()
        assert (later.value.code, later.value.retry_after_seconds) == ("rate_limited", 30)
    moments.at += 30 * SECOND

    [passed] = calls(moments, throttle, 1)

    assert passed <= 5_030.2 * SECOND


def test_a_pause_without_measure_ends_after_ten_minutes() -> None:
    moments = Moments()
    throttle = pace(moments)
    throttle.slow_down(10**9)
    moments.at += 601 * SECOND

    assert calls(moments, throttle, 1) == [moments.at]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 64, b"nonsense", b"\xff\xfe\x00", b"boot 12", b"0f0f-of-another-boot 5000100000000", b"{boot} -4"],
)
def test_what_is_no_moment_of_this_boot_counts_for_nothing(tmp_path: Path, content: bytes) -> None:
    moments, path = Moments(), tmp_path / "pace"
    path.write_bytes(content.replace(b"{boot}", this_boot(tmp_path)))

    assert calls(moments, pace(moments, 25, path), 1) == [5_000 * SECOND]
    assert pace(moments, 25, path).wait() is None
    assert moments.now() > 5_000 * SECOND


def test_a_moment_further_ahead_than_any_pause_counts_for_nothing(tmp_path: Path) -> None:
    """As after a boot that kept its name, when the clock of moments began anew."""
    moments, path = Moments(at=9_000 * SECOND), tmp_path / "pace"
    pace(moments, 25, path).slow_down(600)
    moments.at = 7 * SECOND

    assert calls(moments, pace(moments, 25, path), 1) == [7 * SECOND]


def this_boot(tmp_path: Path) -> bytes:
    pace(Moments(), 25, tmp_path / "other").wait()
    return (tmp_path / "other").read_bytes().split()[0]


def test_where_there_can_be_no_file_each_process_keeps_the_limit_for_itself(tmp_path: Path) -> None:
    moments = Moments()
    throttle = pace(moments, 25, tmp_path / "not there" / "pace")

    passed = calls(moments, throttle, 100)

    assert most_in_a_second(passed) <= 25


def test_a_file_that_is_a_link_or_a_folder_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "somebody's"
    target.write_text("kept")
    (tmp_path / "link").symlink_to(target)
    moments = Moments()

    for path in (tmp_path / "link", tmp_path):
        assert most_in_a_second(calls(moments, pace(moments, 25, path), 60)) <= 25

    assert target.read_text() == "kept"


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    pace(Moments(), 25, tmp_path / "pace").wait()

    assert (tmp_path / "pace").stat().st_mode & 0o077 == 0


def test_many_threads_share_one_limit(tmp_path: Path) -> None:
    throttle = Pace("Stripe", 100, tmp_path / "pace")

    def call(_: int) -> int:
        throttle.wait()
        return time.monotonic_ns()

    with ThreadPoolExecutor(16) as pool:
        passed = list(pool.map(call, range(150)))

    assert (max(passed) - min(passed)) / SECOND >= 149 / 100 - 0.05


CALLER = """
import sys, time
from pathlib import Path
from billing.adapters.throttle import Pace
throttle = Pace("Stripe", 50, Path(sys.argv[1]))
for _ in range(30):
    throttle.wait()
    print(time.monotonic_ns(), flush=True)
"""


def test_three_processes_share_one_limit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CALLER, str(tmp_path / "pace")]
    callers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [caller.communicate(timeout=60)[0] for caller in callers]

    passed = [int(line) for output in outputs for line in output.split()]

    assert [caller.returncode for caller in callers] == [0, 0, 0]
    assert len(passed) == 90
    assert (max(passed) - min(passed)) / SECOND >= 89 / 50 - 0.05


def test_a_lock_that_nobody_lets_go_of_stops_nobody(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "pace").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        throttle = Pace("Stripe", 1000, tmp_path / "pace")

        throttle.wait()

    assert (tmp_path / "pace").read_bytes() == b""
