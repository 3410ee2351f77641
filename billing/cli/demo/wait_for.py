"""`python -m billing.cli.demo.wait_for FILE COMMAND…`: becomes the command as soon as the file is there."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_LOOK_EVERY_SECONDS = 0.5


def main(arguments: list[str]) -> None:
    file, command = Path(arguments[0]), arguments[1:]
    while not file.exists():
        time.sleep(_LOOK_EVERY_SECONDS)
    os.execv(command[0], command)  # noqa: S606 - a list that the supervisor built


if __name__ == "__main__":
    main(sys.argv[1:])
