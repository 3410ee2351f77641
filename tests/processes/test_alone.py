"""One at a time, by a lock that says who holds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from billing.domain.errors import PermanentError
from billing.processes.alone import alone, holder

ADDRESSES = {"dashboard": "http://127.0.0.1:8501"}
HOLD = """
import sys, time
from pathlib import Path
from billing.processes.alone import alone
with alone(Path(sys.argv[1]), {}, "It") as lock:
    if sys.argv[2] == "pass on":
        import subprocess
        print(subprocess.Popen(["sleep", "300"], pass_fds=[lock]).pid, flush=True)
    print("held", flush=True)
    time.sleep(300)
"""


def hold(path: Path, *how: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", HOLD, str(path), *(how or ("",))], stdout=subprocess.PIPE, text=True)


def test_the_second_is_told_who_runs_since_when_where_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.db.running"

    with (
        alone(path, ADDRESSES, "`billing up` for this ledger"),
        pytest.raises(PermanentError) as refused,
        alone(path, {}, "`billing up` for this ledger"),
    ):
        pytest.fail("two at once")

    sentence = refused.value.sentence
    assert f"process {os.getpid()}" in sentence
    assert f"kill {os.getpid()}" in sentence
    assert "dashboard http://127.0.0.1:8501" in sentence
    assert "choose another" not in sentence


def test_when_it_has_ended_the_next_may_begin(tmp_path: Path) -> None:
    path = tmp_path / "running"

    for _ in range(2):
        with alone(path, ADDRESSES, "It"):
            assert (there := holder(path)) is not None
            assert (there.pid, there.addresses) == (os.getpid(), ADDRESSES)
        assert holder(path) is None


def test_who_holds_it_is_nobody_before_the_first(tmp_path: Path) -> None:
    assert holder(tmp_path / "running") is None


def test_to_ask_who_holds_it_keeps_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "running"
    path.touch()

    for _ in range(50):
        asking = subprocess.Popen(["flock", "--shared", str(path), "true"])
        with alone(path, {}, "It"):
            pass
        asking.wait()


def test_a_holder_that_was_killed_lets_go_at_once(tmp_path: Path) -> None:
    path = tmp_path / "running"
    with hold(path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.wait()

        with alone(path, {}, "It"):
            pass


def test_while_what_a_killed_holder_started_lives_the_next_is_told_to_wait(tmp_path: Path) -> None:
    path = tmp_path / "running"
    with hold(path, "pass on") as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.stdout.readline()
        process.kill()
        process.wait()
        try:
            with (
                pytest.raises(PermanentError, match=r"was killed .* try again"),
                alone(path, {}, "It"),
            ):
                pytest.fail("beside what still runs")
        finally:
            os.kill(child, 9)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', "null"])
def test_a_file_that_says_nothing_is_no_trouble(tmp_path: Path, content: str) -> None:
    path = tmp_path / "running"
    path.write_text(content)
    with alone(path, {}, "It"):
        path.write_text(content)

        assert holder(path) is not None
        with pytest.raises(PermanentError), alone(path, {}, "It"):
            pytest.fail("two at once")
