//! One suite for every implementation of the store: stories told through [`Store`] alone.
//!
//! [`conformance!`](crate::conformance!) makes a test of each story; the next implementation joins by
//! calling it with a function that opens a fresh store.

#![expect(clippy::missing_panics_doc, reason = "a story that is not true fails by a panic")]
#![expect(missing_docs, reason = "the names of stories are the facts they hold")]

pub mod accept;
pub mod claim_settle;
pub mod company;
pub mod contracts_values;
pub mod deployment;
pub mod effects;
pub mod endpoints;
pub mod faults;
pub mod idempotency;
pub mod incidents;
pub mod jobs;
pub mod lists;
pub mod merchants_keys;
pub mod oauth;
pub mod on_disk;
pub mod records;
pub mod requests;
pub mod retention;
pub mod search;
pub mod throw_away;
mod world;

pub use world::World;

/// A test for each story. `$fresh` opens an empty store: `fn() -> Arc<dyn Store>`.
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance!($fresh, accept: [
            an_accepted_event_is_on_record_with_its_deliveries
            the_same_reference_and_content_is_the_event_before
            an_id_that_was_given_out_is_no_reference_of_another_event
            the_same_reference_with_other_content_is_refused
            references_of_merchants_and_modes_do_not_meet
            an_accept_repeated_after_a_lost_answer_is_not_done_twice
            an_id_on_record_with_other_content_is_never_answered_as_accepted
            each_event_of_a_batch_has_its_own_answer
            what_is_parked_for_an_endpoint_that_drained_meanwhile_is_due
            what_is_due_at_an_endpoint_deleted_meanwhile_will_not_be_sent
        ]);
        $crate::conformance!($fresh, claim_settle: [
            a_claim_ends_when_its_payloads_fill_the_memory_it_was_given
            an_endpoint_whose_payloads_fill_its_part_leaves_the_others_theirs
            claims_are_the_oldest_due_first_and_no_more_than_slots
            nothing_is_claimed_before_it_is_due
            a_claim_carries_what_sending_needs
            a_delivery_is_leased_to_one_only
            each_lease_raises_the_fence
            a_settled_try_is_on_record_byte_for_byte
            a_try_settled_after_its_lease_is_recorded_as_late_and_changes_nothing
            a_settlement_repeated_after_a_lost_answer_is_done
            a_settlement_without_a_try_counts_none
            a_lost_lease_without_a_try_is_lost_and_leaves_no_trace
            a_released_delivery_is_due_again_unsent
            a_released_lease_that_was_lost_is_left_alone
            a_try_cut_off_by_a_stop_is_on_record_and_uses_up_no_number
            a_try_cut_off_after_its_lease_was_lost_is_on_record_too
            at_start_up_all_leases_are_dead
            leases_that_ran_out_are_freed_and_others_are_kept
            a_lease_that_ran_out_ends_with_its_deleted_endpoint
            next_due_is_the_earliest_of_each_endpoint
        ]);
        $crate::conformance!($fresh, effects: [
            a_failing_endpoint_remembers_since_when
            a_pause_takes_effect_with_the_try_that_caused_it
            an_endpoint_at_rest_is_not_put_to_rest_again
            notices_are_accepted_with_the_settlement
            who_puts_an_endpoint_to_rest_tells_of_it_and_nobody_else
            a_lost_lease_has_no_effects_and_no_notices
            gone_parks_the_delivery_and_disables_the_endpoint
            gone_disables_an_endpoint_that_is_paused_and_is_told_once
            a_failure_at_an_endpoint_deleted_meanwhile_ends
            gone_from_an_endpoint_deleted_meanwhile_ends
            a_lease_given_back_for_a_deleted_endpoint_ends
        ]);
        $crate::conformance!($fresh, lists: [
            events_are_listed_newest_first_page_by_page
            events_are_found_by_kind_and_time
            followers_read_oldest_first_after_what_they_have
            a_list_of_events_is_without_their_data
            followers_read_at_least_one_event_and_little_more_than_a_mebibyte
            deliveries_of_an_endpoint_are_merged_over_all_states
            deliveries_of_an_event_are_filtered_by_endpoint_and_state
            deliveries_of_a_merchant_are_merged_over_endpoints
            a_merchant_with_many_endpoints_has_its_events_walked
            nobody_sees_what_others_own_or_what_is_of_the_other_mode
            the_backlog_counts_what_waits
            the_last_event_is_the_highest_id
        ]);
        $crate::conformance!($fresh, jobs: [
            a_resend_opens_a_new_run
            a_resend_to_an_endpoint_at_rest_waits_there
            a_resend_is_refused_while_the_delivery_is_tried
            enabling_drains_what_is_parked_in_order_and_then_makes_active
            what_had_tries_when_it_was_parked_drains_in_a_new_run
            a_drain_stops_when_the_endpoint_rests_again
            a_cancelled_drain_leaves_the_endpoint_paused
            recover_takes_the_states_time_and_types_asked_for
            recover_never_chases_its_own_failures
            recover_at_an_endpoint_at_rest_parks
            a_step_looks_at_no_more_rows_than_asked
            a_cancelled_job_moves_nothing_more
            a_sweep_ends_what_waits_for_a_deleted_endpoint
            progress_of_an_outside_job_is_on_record
            jobs_are_listed_newest_first
        ]);
        $crate::conformance!($fresh, endpoints: [
            an_endpoint_comes_back_as_it_was_written
            settings_are_versioned_and_a_stale_change_is_refused
            the_version_in_force_at_a_time_is_found
            a_merchant_has_at_most_1023_endpoints_in_a_mode
            an_endpoint_of_nobody_is_refused
            a_rotated_secret_signs_beside_the_old_one
            few_secrets_of_an_endpoint_sign_at_once
            secrets_that_ended_before_the_newest_are_kept_for_the_record_only
            a_deleted_endpoint_is_gone_from_the_directory
            a_deleted_endpoint_is_still_on_record
            endpoints_that_were_there_at_a_time_and_are_deleted_now_are_found
            enabling_without_parked_deliveries_makes_active
            pausing_and_disabling_are_on_record
            notices_are_accepted_with_a_change_of_status
            a_change_of_status_that_changes_nothing_leaves_no_trace
        ]);
        $crate::conformance!($fresh, merchants_keys: [
            a_merchant_is_created_with_its_keys
            a_merchants_reference_is_unique
            a_change_leaves_the_rest_as_it_is
            a_sandbox_clock_is_set
            a_key_is_found_by_its_hash
            a_key_is_revoked_once
            the_last_use_of_a_key_only_moves_forward
            a_key_of_nobody_is_refused
        ]);
        $crate::conformance!($fresh, contracts_values: [
            a_contract_version_is_kept_once
            a_value_is_kept_unless_it_is_to_be_replaced
            sealed_values_are_found_by_their_master_key_and_resealed
            health_answers
        ]);
        $crate::conformance!($fresh, idempotency: [
            the_same_key_and_request_answers_what_came_of_it_before
            the_same_key_with_another_request_is_refused
            no_part_of_another_request_is_begun
            keys_of_different_callers_do_not_meet
            every_creating_verb_keeps_its_key
            what_a_key_was_used_for_can_be_asked
            a_refused_verb_leaves_its_key_free
            old_keys_are_forgotten_oldest_first
            no_part_outlives_the_request_it_belongs_to
        ]);
        $crate::conformance!($fresh, oauth: [
            a_merchant_has_so_many_applications_and_no_more
            what_is_deleted_is_not_listed_and_ends_what_it_was_granted
            a_token_comes_back_as_it_was_written
            a_token_is_spent_once_and_a_second_time_ends_its_grant
            a_redemption_whose_answer_was_lost_is_told_again_and_done
            nothing_is_given_for_a_grant_that_is_over
            one_token_ends_alone_and_its_grant_with_all_of_them
            what_cannot_be_good_any_more_is_forgotten
            an_address_belongs_to_one_user_of_an_account_and_mode
            an_account_has_so_many_users_and_no_more
            what_a_deleted_user_let_happen_ends_and_it_lets_nothing_more_happen
            a_deleted_application_is_forgotten_when_that_is_long_ago
            a_password_is_set_for_the_one_that_was_there_and_for_no_other
            what_a_user_lets_applications_do_is_told_by_application_and_ends_at_a_word
        ]);
        $crate::conformance!($fresh, records: [
            what_was_decided_is_written_as_one
            of_two_that_read_the_same_version_one_is_written
            a_decision_whose_answer_was_lost_is_told_again_and_done
            a_decision_of_which_another_wrote_a_part_is_stale
            there_is_no_second_of_one_name_while_the_first_has_it
            what_an_account_does_not_hold_does_not_leave_it
            what_must_be_looked_after_is_found_by_each_merchants_clock
            a_wake_is_never_before_its_time
            a_record_is_forgotten_as_it_was_read_and_not_as_another_wrote_it
            records_are_listed_newest_first_and_by_where_they_stand
            what_belongs_to_a_record_is_found_by_it
            every_balance_is_the_sum_of_its_movements
            a_ledger_of_any_size_is_added_up
        ]);
        $crate::conformance!($fresh, search: [
            each_word_that_is_looked_for_begins_one_of_the_record
            what_databases_have_words_for_is_only_a_word
            nobody_finds_what_is_another_s
            a_record_is_found_by_what_it_says_now
            what_is_found_comes_in_pages_that_stay_as_they_are
            what_everything_says_is_found_a_page_at_a_time_as_what_little_does
        ]);
        $crate::conformance!($fresh, incidents: [
            an_incident_is_told_of_until_it_is_over
            one_that_is_not_over_is_told_of_however_many_came_after_it
        ]);
        $crate::conformance!($fresh, requests: [
            a_block_that_is_written_again_is_there_once
            calls_are_read_by_whose_they_are_newest_block_first
            calls_are_read_by_when_they_began
            a_call_is_found_by_its_id_or_by_its_time
            old_calls_are_forgotten_a_few_blocks_at_a_time
        ]);
        $crate::conformance!($fresh, retention: [
            what_is_older_than_is_kept_is_gone_with_all_that_belongs_to_it
            what_still_waits_is_given_up_a_day_before_it_is_forgotten
            a_test_merchants_delivery_is_given_up_at_its_own_time
            what_a_merchant_keeps_longer_stays_as_it_was
            a_shorter_time_of_a_merchant_shortens_nothing
            a_legal_hold_keeps_everything_until_it_ends
            a_hold_set_before_a_day_is_dropped_comes_in_time
            an_id_that_a_forgotten_event_was_given_can_be_given_again
            what_is_being_tried_is_not_taken_away
            a_try_that_ends_after_its_event_was_forgotten_leaves_no_trace
            a_step_takes_no_more_rows_than_it_may
            jobs_that_are_over_are_forgotten_and_running_ones_stay
        ]);
    };
    ($fresh:expr, $group:ident: [$($story:ident)*]) => {
        mod $group {
            $(
                #[test]
                fn $story() {
                    let world = $crate::conformance::World::new(($fresh)());
                    $crate::conformance::$group::$story(&world);
                }
            )*
        }
    };
}

/// A test for each story of [`faults`]. `$victim` makes a store that can be made to fail.
#[macro_export]
macro_rules! faults {
    ($victim:expr) => {
        $crate::faults!($victim, of: [
            what_was_not_committed_is_gone_after_a_crash
            what_was_committed_stays_after_a_crash_that_swallowed_the_answer
            a_settlement_whose_answer_was_lost_is_told_again_and_done
            a_failed_write_is_undone_and_can_be_repeated
            forgetting_that_is_cut_off_loses_nothing_that_is_kept
        ]);
    };
    ($victim:expr, of: [$($story:ident)*]) => {
        $(
            #[test]
            fn $story() {
                $crate::conformance::faults::$story(&$victim());
            }
        )*
    };
}

/// A test for each story of [`company`]. `$servers` makes a database for them.
#[macro_export]
macro_rules! company {
    ($servers:expr) => {
        $crate::company!($servers, of: [
            the_first_server_is_alone_and_each_has_a_node_of_its_own
            what_one_server_changes_all_hear_of_once
            a_server_is_told_when_another_changes_something
            a_server_that_fell_silent_writes_nothing_until_it_begins_anew
            what_was_made_before_a_silence_is_not_written_below_what_others_have_read
            a_server_that_lost_its_session_and_lives_is_company
            a_server_whose_clock_is_minutes_away_is_refused
            a_clock_is_advanced_by_one_server_at_a_time
            the_node_of_a_server_that_is_gone_is_given_to_another
            nobody_writes_below_what_the_others_take_for_settled
            a_job_is_at_one_server_until_that_is_gone
            a_lease_is_by_the_clock_of_the_database
        ]);
    };
    ($servers:expr, of: [$($story:ident)*]) => {
        $(
            #[test]
            fn $story() {
                $crate::conformance::company::$story(&$servers());
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    const LIST: &str = include_str!("conformance.rs");
    const GROUPS: [&str; 13] = [
        include_str!("conformance/accept.rs"),
        include_str!("conformance/claim_settle.rs"),
        include_str!("conformance/company.rs"),
        include_str!("conformance/contracts_values.rs"),
        include_str!("conformance/effects.rs"),
        include_str!("conformance/endpoints.rs"),
        include_str!("conformance/idempotency.rs"),
        include_str!("conformance/jobs.rs"),
        include_str!("conformance/lists.rs"),
        include_str!("conformance/merchants_keys.rs"),
        include_str!("conformance/oauth.rs"),
        include_str!("conformance/records.rs"),
        include_str!("conformance/retention.rs"),
    ];

    #[test]
    fn every_story_is_in_the_list() {
        for group in GROUPS {
            for line in group.lines().filter_map(|line| line.strip_prefix("pub fn ")) {
                let story = line.split('(').next().unwrap();
                assert!(LIST.contains(&format!("            {story}\n")), "{story} is not run");
            }
        }
    }
}
