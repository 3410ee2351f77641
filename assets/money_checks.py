"""Which sentences of sql/checks are about money: where they do not hold, nothing is done outside."""

INVOICE_CHECKS = (
    "invoice_totals_match_lines",
    "invoice_discounts_match_lines",
    "invoice_taxes_match_lines",
    "invoice_amounts_due_match_deductions",
    "invoices_are_posted_in_full",
    "journal_transactions_balance",
    "journal_transactions_have_two_entries",
    "every_invoice_keeps_its_currency",
    "one_live_invoice_per_session_and_part",
    "one_live_invoice_per_order",
    "no_charge_without_consent",
    "one_open_charge_per_invoice",
    "no_open_charge_beside_an_open_pay_link",
)
# They hold before money moves or a client hears of it, whatever assets a run is made of (assets.effects_done).
MONEY_CHECKS = (
    *INVOICE_CHECKS,
    "void_invoices_owe_nothing",
    "no_invoice_is_charged_twice",
    "autopay_payments_follow_a_charge",
    "allocations_never_exceed_payments",
    "payments_are_posted_in_full",
    "receivable_is_never_negative",
    "invoices_owe_what_was_not_paid",
    "refunds_never_exceed_payments",
    "every_lost_dispute_is_posted",
)
