"""Sensors that would sleep for hours, because the machine's clock was set back.

Dagster lets a sensor look again when its interval has passed since its last look, by the machine's clock: one that
looked at noon does not look again before noon.
"""

from __future__ import annotations

import dagster as dg


def wake_sensors(instance: dg.DagsterInstance, now: float) -> int:
    """Forget the last look of each sensor that says to have looked later than `now` (seconds since 1970); how many."""
    woken = 0
    for state in instance.all_instigator_state():
        data = state.sensor_instigator_data
        if data and max(data.last_tick_timestamp or 0, data.last_tick_start_timestamp or 0) > now:
            at_once = data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None)
            instance.update_instigator_state(state.with_data(at_once))
            woken += 1
    return woken
