"""For all tests: no skip is accepted where the environment says so, and each worker has a PostgreSQL of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from changed_copy import import_anew
from hypothesis import HealthCheck, settings

import_anew()
pytest_plugins = ["mutation_budget"]

# How long a case takes says how busy the machine is, not whether the code is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_URL, _WORKER = os.environ.get("BILLING_TEST_POSTGRES_URL"), os.environ.get("PYTEST_XDIST_WORKER")
if _URL and _WORKER and not _URL.endswith(_WORKER):
    os.environ["BILLING_TEST_POSTGRES_URL"] = f"{_URL}_{_WORKER}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Under BILLING_NO_SKIPS=1 (.ci/run) a skipped test has failed: a promise that nobody looked at."""
    report = yield
    if report.skipped and os.environ.get("BILLING_NO_SKIPS") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which is not accepted here: {report.longrepr}"
    return report
