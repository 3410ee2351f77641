"""Stripe as our PaymentGateway. Importing this package does not import stripe; the first call does."""

from __future__ import annotations

from billing.adapters.stripe_gateway.gateway import StripeGateway
from billing.adapters.stripe_gateway.keys import check_key

__all__ = ["StripeGateway", "check_key"]
