"""Pure rules: standard library only, no clock and no I/O; `now` and `today` are parameters."""
