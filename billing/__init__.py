"""The business of a studio's billing: rules, ledger, effects, adapters. Knows nothing of Dagster."""
