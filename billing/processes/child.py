"""Run as a script: becomes COMMAND, which the kernel ends when the process that started it is gone (Linux alone).

    python -I -S child.py PARENT_PID COMMAND…

The guardian does the same for whole groups, everywhere; this is at once, and there while no guardian is.
"""

from __future__ import annotations

import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def main(arguments: list[str]) -> None:
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked to be told
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - a list that the supervisor built


if __name__ == "__main__":
    main(sys.argv[1:])
