"""What an API key tells by its prefix, and which keys are not to be held here."""

from __future__ import annotations

from billing.domain.errors import PermanentError


def is_live(api_key: str) -> bool:
    """Whether the key moves real money."""
    return api_key.startswith(("sk_live_", "rk_live_"))


def check_key(api_key: str, allow_unrestricted_live: bool) -> None:
    """Refuse what is no secret key, and a live key that may do everything unless the operator insists.

    PermanentError: stripe_key_not_secret, stripe_key_unrestricted. The key itself is in no message.
    """
    if not api_key.startswith(("sk_", "rk_")):
        raise PermanentError(
            "stripe_key_not_secret",
            "The Stripe key is not a secret key; take one that begins with rk_ or sk_ from the Stripe dashboard.",
        )
    if api_key.startswith("sk_live_") and not allow_unrestricted_live:
        raise PermanentError(
            "stripe_key_unrestricted",
            "The live Stripe key may do everything; make a restricted key (rk_live_…), or allow unrestricted keys in"
            " the settings.",
        )
