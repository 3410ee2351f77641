"""The demo: a believable studio in the sandbox, billed by the real pipeline while you watch, or once and checked."""
