"""Each place where it may break, in the order of a session's way, with the tests that prove it: (file, test)."""

from __future__ import annotations

WINDOWS = "services/test_charge_windows.py"
MONEY_IN, MONEY_BACK = "services/test_money_received.py", "services/test_money_back.py"
HOOKS, BURST, WITHOUT = (
    "portal/test_web_hooks.py",
    "reliability/test_webhook_burst.py",
    "e2e/test_with_and_without_web_hooks.py",
)
DOUBT, MATRIX = "services/test_doubt_at_the_wire.py", "reliability/test_fault_matrix.py"
CLOCKS, DUNNING = "services/test_clocks_that_lie.py", "domain/test_dunning.py"
STORAGE, PROMISES = "adapters/ledger/test_ledger_failures.py", "adapters/ledger/test_ledger_promises.py"
LOST, SAFETY = "pipelines/test_lost_runs.py", "pipelines/test_live_safety.py"
SMTP, PAGING = "adapters/smtp/test_smtp_mailer.py", "adapters/vsco/test_vsco_paging.py"
BILLING, CHANGED, PEOPLE = "services/test_billing.py", "services/test_changed_orders.py", "services/test_people.py"
WHOLE, MAILS = "e2e/test_whole_sessions.py", "services/test_mails.py"

Row = list[tuple[str, str]]

ROWS: dict[str, Row] = {
    "crash before the intent": [
        (STORAGE, "test_a_process_killed_in_a_transaction_leaves_nothing_and_no_gap"),
        ("reliability/test_power_loss.py", "test_nothing_that_was_committed_is_lost_and_nothing_is_there_by_half"),
    ],
    "after the intent, before the call": [(WINDOWS, "test_a_charge_that_is_interrupted_captures_once")],
    "after the call, before the record": [
        (WINDOWS, "test_a_crash_while_recording_a_charge_records_it_once_later"),
        (LOST, "test_a_run_killed_in_the_middle_of_a_charge_is_ended_at_the_next_look_and_the_next_run_goes_on"),
    ],
    "time-out, reset, truncated body, 500 after the effect": [
        (MATRIX, "test_whatever_fails_at_the_wire_the_effect_is_one"),
        (WHOLE, "test_a_charge_whose_answer_is_lost_is_captured_once"),
        (DOUBT, "test_whatever_is_lost_and_however_long_ago_it_is_charged_once"),
    ],
    "clean decline": [
        (WINDOWS, "test_a_refused_card_becomes_a_pay_link_and_a_mail"),
        (WINDOWS, "test_a_refused_card_is_not_tried_again_even_if_asked_for"),
    ],
    "authentication_required": [
        (WINDOWS, "test_a_refused_card_becomes_a_pay_link_and_a_mail"),
        ("adapters/stripe_gateway/test_stripe_payment_facts.py",
         "test_our_own_charge_that_waits_for_authentication_is_a_refusal"),
    ],
    "doubled webhook, two at the same instant": [
        (HOOKS, "test_an_event_that_comes_twice_is_one_row"),
        (HOOKS, "test_events_that_come_at_the_same_instant_are_one_row_each"),
        (MONEY_IN, "test_two_workers_at_once_record_one_payment"),
        (BURST, "test_a_burst_at_two_endpoints_loses_nothing_and_doubles_nothing"),
    ],
    "refund before its payment": [(MONEY_BACK, "test_a_refund_told_before_its_payment_leaves_the_same_books")],
    "dispute closed before opened": [
        (MONEY_BACK, "test_a_dispute_told_as_closed_before_it_was_opened_is_lost_all_the_same")
    ],
    "an event three days late, after a void": [
        (MONEY_BACK, "test_an_event_three_days_late_after_a_void_gives_and_takes_the_clients_credit"),
        (MONEY_IN, "test_money_for_a_void_invoice_is_the_clients_credit_and_shown"),
    ],
    "webhooks lost for ever (polling alone converges)": [
        (WITHOUT, "test_whatever_becomes_of_web_hooks_the_ledger_ends_as_without_them"),
        (MONEY_IN, "test_all_pages_of_events_are_polled_and_polling_again_finds_nothing"),
    ],
    "clock skew, daylight saving, a clock set back": [
        (CLOCKS, "test_a_clock_that_jumps_while_a_charge_is_under_way_charges_once"),
        (CLOCKS, "test_on_the_days_when_the_clocks_change_everybody_is_reminded_once"),
        (CLOCKS, "test_a_job_that_the_booking_system_dates_otherwise_is_billed_once"),
        (DUNNING, "test_a_clock_set_back_sends_nothing_twice"),
        ("services/test_follow_up.py", "test_a_clock_set_back_sends_nothing"),
    ],
    "partial refund, then a dispute of the full amount": [
        (MONEY_BACK, "test_a_partial_refund_then_a_lost_dispute_of_the_full_amount_is_owed_in_full_and_more")
    ],
    "several partial refunds": [(MONEY_BACK, "test_several_partial_refunds_are_one_each_by_their_own_ids")],
    "zero- and three-decimal currencies": [
        ("e2e/test_other_currencies.py", "test_a_studio_that_counts_in_yen_is_paid_to_the_yen_and_sends_receipts"),
        ("e2e/test_other_currencies.py",
         "test_an_amount_in_dinars_that_stripe_cannot_take_is_never_billed_and_says_what_to_do"),
        ("domain/test_money.py", "test_each_currency_has_its_own_number_of_decimals"),
    ],
    # The portal's half is tested with the portal.
    "two workers, two tabs, portal and autopay at once": [
        (WINDOWS, "test_two_workers_charge_once"),
        (LOST, "test_a_worker_left_behind_by_its_daemon_and_a_new_one_beside_it_do_everything_once"),
        (WINDOWS, "test_a_charge_that_another_payment_has_made_needless_is_cancelled"),
        ("e2e/test_in_a_browser.py", "test_a_client_pays_by_the_link_with_a_test_card_and_cannot_pay_twice"),
    ],
    "amount edited while an attempt is open": [
        (WINDOWS, "test_of_what_is_paid_in_part_otherwise_while_a_charge_waits_the_card_is_charged_with_the_rest"),
        (PEOPLE, "test_an_invoice_that_is_being_charged_is_not_voided"),
        (CHANGED, "test_an_order_that_changes_after_it_was_billed_goes_to_a_person_once"),
    ],
    "a key older than 24 h": [
        (DOUBT, "test_whatever_is_lost_and_however_long_ago_it_is_charged_once"),
        (DOUBT, "test_a_page_whose_answer_was_lost_is_found_also_when_its_key_is_forgotten"),
        (MATRIX, "test_whatever_fails_at_the_wire_the_effect_is_one"),
    ],
    "yesterday's backup restored": [
        ("services/test_after_a_restore.py", "test_yesterdays_backup_over_todays_world_does_nothing_again")
    ],
    "SMTP accepts, then the line drops": [
        (SMTP, "test_a_line_lost_after_the_data_leaves_the_outcome_unknown"),
        (MAILS, "test_a_mail_in_doubt_waits_for_a_person"),
        (WHOLE, "test_trouble_with_the_mail_server"),
    ],
    "disk full, database locked or read-only": [
        (STORAGE, "test_a_full_disk_is_one_clear_error_and_loses_nothing"),
        (STORAGE, "test_a_locked_ledger_is_one_clear_error"),
        (STORAGE, "test_a_read_only_ledger_is_one_clear_error"),
        (HOOKS, "test_a_ledger_that_cannot_be_written_is_503_and_nothing_is_lost"),
    ],
    "VSCO edits, deletes or doubles a session; paging shifts while reading": [
        (CHANGED, "test_an_order_that_changes_after_it_was_billed_goes_to_a_person_once"),
        (CHANGED, "test_an_order_voided_or_deleted_after_it_was_billed_goes_to_a_person"),
        (CHANGED, "test_an_order_added_after_billing_is_its_own_invoice_and_a_voided_one_stays_void"),
        (CLOCKS, "test_a_session_that_is_told_twice_or_gone_is_one_invoice"),
        (PAGING, "test_whatever_moves_no_row_that_stays_put_is_missed"),
        (PAGING, "test_a_row_removed_while_reading_skips_nothing"),
    ],
    "live and test keys mixed": [
        (SAFETY, "test_a_key_of_the_other_mode_stops_every_entrance_with_one_sentence"),
        (SAFETY, "test_an_unrestricted_live_key_is_refused_at_every_entrance_unless_the_setting_says_so"),
        ("adapters/stripe_gateway/test_stripe_odd_replies.py",
         "test_an_account_in_another_mode_than_the_key_is_refused"),
        (HOOKS, "test_another_accounts_event_is_kept_and_never_applied"),
    ],
    "host dies in a run": [
        (LOST, "test_a_run_killed_in_the_middle_of_a_charge_is_ended_at_the_next_look_and_the_next_run_goes_on"),
        (LOST, "test_every_job_has_a_time_limit_and_dagster_ends_what_goes_beyond"),
        ("reliability/test_power_loss.py", "test_after_a_cut_the_day_goes_on_to_the_same_end"),
    ],
}  # fmt: skip
