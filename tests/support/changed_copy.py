"""Whether the tests run on a changed copy of the code (`make mutation`), and what that needs before they are read."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

STATS = Path("mutmut-stats.json")  # in mutmut's folder of copies, where they are run
_OF_A_CLASS = "\u01c1"  # as mutmut names a method


def changed_function() -> str | None:
    """The one that differs in this copy, as mutmut names it; None in the code as it is."""
    function, found, _number = os.environ.get("MUTANT_UNDER_TEST", "").partition("__mutmut_")
    return function if found and STATS.is_file() else None


def is_made_at_import(function: str) -> bool:
    """Whether the ledger may call it while it is imported, to make its statements: methods run later."""
    return function.startswith("billing.adapters.ledger.") and _OF_A_CLASS not in function


def import_anew() -> None:
    """Let such a copy come to life: the process that this one was forked from has imported it before."""
    if not is_made_at_import(changed_function() or ""):
        return
    here = Path.cwd()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(here) and name not in ("conftest", __name__):
            del sys.modules[name]
    try:
        importlib.import_module("billing.adapters.ledger.unit_of_work")
    except Exception:
        os._exit(
            pytest.ExitCode.TESTS_FAILED
        )  # noticed: what cannot even be imported, mutmut takes for its own mistake
