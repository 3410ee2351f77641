"""What every run pays before it does anything: importing the definitions, against importing Dagster alone."""

from __future__ import annotations

import statistics
import subprocess
import sys

from stage import ROOT, show

ROUNDS = 7


def main() -> None:
    pairs = [(seconds_to_import("dagster"), seconds_to_import("pipelines.definitions")) for _ in range(ROUNDS)]
    ratio = statistics.median(ours for _, ours in pairs) / statistics.median(dagster for dagster, _ in pairs)
    show("import pipelines.definitions / import dagster", ratio, "<= 1.5", ratio <= 1.5)


def seconds_to_import(module: str) -> float:
    """In a fresh process, so that nothing is there yet."""
    code = f"import time; began = time.perf_counter(); import {module}; print(time.perf_counter() - began)"
    return float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout)


if __name__ == "__main__":
    main()
