"""/v1/account: whose money it is. Kept in the store, so that a demo can carry a studio's own name."""

from __future__ import annotations

import json

from billing.sandbox.store import Body, Store
from billing.sandbox.stripe.world import World, letters

_SETTING = "stripe:account"
_USUAL: Body = {
    "id": f"acct_sbx{letters('account', 13)}",
    "country": "US",
    "default_currency": "usd",
    "display_name": "Sandbox Studio",
    "email": "studio@example.com",
    "charges_enabled": True,
    "accent": "#3a5a78",
}


def settings(store: Store) -> Body:
    """id, country, default_currency, display_name, email, charges_enabled and the page's accent colour."""
    return {**_USUAL, **json.loads(store.setting(_SETTING) or "{}")}


def change(store: Store, given: Body) -> Body:
    unknown = sorted(set(given) - set(_USUAL))
    if unknown:
        raise ValueError(f"The account has no {', '.join(unknown)}; it has {', '.join(sorted(_USUAL))}.")
    changed = {**settings(store), **given}
    store.set_setting(_SETTING, json.dumps(changed))
    return changed


def retrieve(world: World, _: Body) -> Body:
    chosen = settings(world.store)
    name = chosen["display_name"]
    return {
        "id": chosen["id"],
        "object": "account",
        "business_profile": {"name": name, "support_email": chosen["email"], "url": None},
        "business_type": "individual",
        "capabilities": {"card_payments": "active", "transfers": "active", "us_bank_account_ach_payments": "active"},
        "charges_enabled": chosen["charges_enabled"],
        "country": chosen["country"],
        "created": 1_600_000_000,
        "default_currency": chosen["default_currency"],
        "details_submitted": True,
        "email": chosen["email"],
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": chosen["accent"], "secondary_color": None},
            "card_payments": {
                "decline_on": {"avs_failure": False, "cvc_failure": False},
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": "SANDBOX STUDIO",
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "type": "standard",
    }
