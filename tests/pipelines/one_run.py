"""One run of a job in a process of its own, as Dagster's code server starts it: `python one_run.py JOB`."""

from __future__ import annotations

import sys

import dagster as dg

from pipelines.definitions import definitions

with dg.DagsterInstance.get() as instance:
    ended = definitions().resolve_job_def(sys.argv[1]).execute_in_process(instance=instance, raise_on_error=False)
sys.exit(0 if ended.success else 1)
