"""`billing doctor`: each thing the pipeline needs, ok or what to do. Asks outside, changes and sends nothing.

A check is one entry of `CHECKS` in `examination`; its look is a function of the settings in the module of its subject.
"""

from __future__ import annotations

from billing.cli.doctor.command import doctor, show
from billing.cli.doctor.examination import examine

__all__ = ["doctor", "examine", "show"]
