"""Reconciliation: the books against the outside, each difference as a row with its cause, amounts and what to do."""

from billing.services.reconcile.found import GALLERIES, STRIPE, VSCO
from billing.services.reconcile.movements import Settled, settle_movements
from billing.services.reconcile.run import SCOPES, Reconciled, reconcile, reconcile_all

__all__ = [
    "GALLERIES",
    "SCOPES",
    "STRIPE",
    "VSCO",
    "Reconciled",
    "Settled",
    "reconcile",
    "reconcile_all",
    "settle_movements",
]
