"""The provider's money: refunds, disputes, payouts."""
