//! What runs on every store, of jobs.

/// The part of the list that is about jobs.
#[doc(hidden)]
#[macro_export]
macro_rules! behaviours_of_jobs {
    ($database:path) => {
        $crate::tests_of! { $database;
            job {
                cancel {
                    a_job_that_has_not_started_is_cancelled_at_once
                    a_cancelled_job_is_never_claimed
                    a_running_job_is_asked_to_stop
                    a_job_asked_to_cancel_does_not_run_again
                    a_job_asked_to_cancel_may_still_end_by_itself
                    an_ended_job_is_not_cancelled
                    answers_to_a_cancel_come_in_the_order_of_the_ids
                    a_job_named_twice_is_cancelled_once
                    a_cancel_and_a_claim_do_not_both_win
                    a_cancel_that_meets_the_end_of_an_attempt_is_not_lost
                    a_completed_job_has_forgotten_its_cancel_request
                    a_revived_job_has_forgotten_its_cancel_request
                    a_lost_end_leaves_the_next_attempts_cancel_request
                    a_reason_with_a_nul_is_kept_without_it
                }
                expiry {
                    a_job_expires_wherever_it_waits
                    a_job_that_has_not_started_in_time_never_runs
                    a_job_that_started_in_time_may_end_later
                    a_replaced_job_expires_as_the_one_that_came
                    a_retry_of_an_expired_job_runs
                    a_sweep_tells_when_the_next_job_expires
                    an_expired_job_holds_no_key
                    many_jobs_expire_in_bounded_rounds
                    no_attempt_begins_after_it_has_expired
                    the_time_counts_from_when_it_is_due
                }
                claim {
                    jobs_come_by_priority_then_due_time_then_age
                    the_attempt_is_counted_at_the_claim
                    a_claim_takes_no_more_than_it_asked_for
                    an_empty_claim_leaves_no_lease
                    a_job_due_later_is_not_claimed
                    queues_give_in_order_and_within_their_shares
                    all_shares_together_give_no_more_than_the_claim
                    a_share_of_none_gives_nothing
                    a_worker_that_is_not_registered_claims_nothing
                    args_stay_within_the_bytes_of_a_claim
                    a_job_larger_than_the_bytes_is_taken_alone
                    only_known_kinds_and_versions_are_claimed
                    a_batch_is_held_under_the_lease_that_was_asked_for
                    jobs_that_come_in_front_are_not_overlooked
                    racing_claims_share_no_job_and_leave_none
                    claims_of_several_processes_share_no_job_and_none_fails
                }
                confirm {
                    an_unfinished_job_takes_the_other_verdict
                    a_finished_job_is_left_as_it_is
                    a_lost_job_is_neither_confirmed_nor_changed
                }
                enqueue {
                    a_job_is_read_back_as_it_was_written
                    what_no_store_could_give_back_is_refused
                    the_largest_numbers_are_kept
                    a_job_due_later_is_scheduled
                    no_jobs_are_written_by_an_empty_call
                    five_thousand_jobs_are_written_by_one_call
                    a_batch_with_a_clash_is_written_whole_or_not_at_all
                    an_abandoned_call_leaves_the_whole_batch_or_none
                    a_given_id_names_one_job
                    a_given_id_twice_in_one_call_names_one_job
                    a_given_id_stays_taken_while_its_job_runs
                    a_given_id_stays_taken_after_its_job_ended
                    of_racing_calls_with_one_given_id_one_writes
                    what_was_written_is_there_for_the_next_process
                }
                explain {
                    a_job_that_nothing_keeps_back_is_taken_next
                    a_job_waits_for_its_time_and_for_the_sweep
                    it_is_told_whether_anybody_leads
                    a_failed_job_waits_for_its_next_attempt
                    a_pause_is_told_with_its_note
                    a_pause_of_a_kind_is_told_with_its_end
                    a_job_without_a_worker_says_what_is_missing
                    a_parked_job_says_what_brings_it_back
                    quiet_workers_are_named
                    workers_that_stop_are_named
                    workers_that_are_held_back_by_their_build_are_named
                    taken_slots_and_the_line_are_told
                    a_suspect_is_told
                    a_running_job_says_where_it_is
                    an_expiry_is_told
                    a_job_that_expires_before_its_time_comes_is_told_so
                    a_unique_key_is_told_with_its_holder
                    an_ended_job_says_how_and_how_long_it_is_kept
                    what_a_job_waits_for_is_told
                    a_wait_for_a_batch_that_failed_is_told
                    a_clock_that_is_off_is_told
                    a_job_that_is_not_there_is_not_explained
                }
                explain_line {
                    the_first_of_a_lane_is_told
                    a_lane_that_stands_still_is_told
                    the_places_of_a_key_are_told
                    the_places_of_a_kind_and_a_queue_are_told
                    reserved_places_are_told
                    the_tokens_of_a_rate_are_told
                    a_breaker_is_told_with_its_probe
                    what_opens_first_is_what_comes_next
                    what_keeps_it_before_its_limits_is_what_comes_next
                    the_place_in_a_line_with_turns_is_told
                    a_plain_job_is_not_behind_those_of_a_limited_kind
                    what_is_told_is_what_a_claim_does
                }
                find {
                    jobs_are_found_by_a_value_in_their_args
                    jobs_are_found_by_their_last_error
                    jobs_that_failed_alike_are_found_together
                    errors_are_known_behind_any_backlog
                    jobs_are_found_by_their_worker
                    a_look_ends_at_its_bound_and_goes_on
                    what_few_jobs_have_is_looked_up
                    jobs_are_counted_by_a_filter
                }
                fair {
                    keys_have_turns
                    turns_go_on_from_claim_to_claim
                    a_weight_is_jobs_in_each_turn
                    priorities_go_before_turns
                    jobs_with_turns_and_without_share_a_queue
                    claims_of_one_job_serve_both
                    a_queue_gives_no_more_than_its_share
                    the_keys_of_a_limit_share_the_turns_of_their_jobs
                }
                lane {
                    a_lane_has_one_job_at_a_time_in_order
                    a_lanes_order_is_that_of_the_enqueue
                    a_retry_holds_the_lane
                    a_job_due_later_does_not_hold_the_lane
                    a_lane_is_one_across_kinds_and_queues
                    a_dead_job_blocks_its_lane_where_it_says_so
                    a_lane_is_free_again_by_every_road
                    racing_claims_never_share_a_lane
                    a_parked_head_holds_the_lane
                    a_hot_lane_delays_no_other_job
                    a_free_lane_behind_kept_ones_is_found
                    a_job_supersedes_what_waits_in_its_lane
                    a_job_is_refused_by_what_is_in_its_lane
                    a_duplicate_does_nothing_in_its_lane
                    the_rules_of_a_lane_hold_in_the_order_of_a_call
                    a_teardown_is_last_whatever_comes_at_once
                }
                limited {
                    so_many_of_a_key_run_at_once
                    jobs_of_a_key_may_say_different_numbers
                    a_place_is_free_again_by_every_road
                    a_place_is_kept_while_the_job_runs
                    kinds_share_a_limit_by_name
                    racing_claims_stay_within_the_limit
                    what_is_kept_keeps_no_slot_empty
                }
                move_jobs {
                    only_workers_of_the_new_queue_run_what_was_moved
                    whatever_waits_can_be_moved
                    what_runs_or_has_ended_is_left_where_it_is
                    answers_to_a_move_come_in_the_order_of_the_ids
                    a_move_wakes_the_queue_it_goes_to
                    a_move_and_a_claim_do_not_both_win
                }
                payload {
                    args_come_back_to_the_byte
                    outputs_come_back_to_the_byte
                    the_largest_payloads_are_kept_whole
                    errors_come_back_as_they_were
                    strange_names_come_back_as_they_were
                }
                heads {
                    heads_tell_how_jobs_stand
                    a_head_has_the_progress_of_its_job
                }
                in_hand {
                    what_a_worker_holds_is_told_as_it_was_claimed
                    only_what_is_unsettled_is_in_hand
                    an_unknown_worker_holds_nothing
                }
                complete_with {
                    what_follows_is_written_with_the_completion
                    a_repeated_completion_writes_nothing_twice
                    a_lost_lease_lets_nothing_follow
                    a_refused_job_takes_the_completion_back
                    a_batch_is_settled_in_both_ways
                    a_completion_forgets_a_cancel_request
                }
                capped_counts {
                    few_jobs_are_counted_to_the_last
                    a_long_queue_is_counted_up_to_the_cap
                    many_long_queues_are_counted_within_one_bound
                    many_scheduled_jobs_are_looked_at_within_one_bound
                    jobs_of_one_sort_leave_room_for_others
                }
                read {
                    counts_agree_in_every_state
                    counts_follow_a_job
                    jobs_are_found_by_state_queue_and_kind
                    a_filters_text_is_only_text
                    pages_neither_repeat_nor_skip_a_job
                    a_job_that_does_not_exist_is_not_found
                }
                release {
                    a_released_batch_is_available_without_a_failure
                    only_what_is_unsettled_is_released
                    a_settlement_after_the_release_is_lost
                    an_unknown_lease_releases_nothing
                    a_job_handed_back_unstarted_leaves_no_entry
                    a_job_asked_to_cancel_ends_when_its_batch_is_released
                    a_worker_that_leaves_hands_back_everything
                    a_job_asked_to_cancel_ends_when_its_worker_leaves
                }
                retry {
                    an_ended_job_runs_again
                    a_revived_job_has_all_it_was_enqueued_with
                    a_job_cancelled_before_it_ran_runs_after_all
                    a_revived_job_has_its_losses_forgiven
                    a_job_that_waits_for_its_time_is_hurried
                    a_job_on_its_way_needs_no_retry
                    answers_to_a_retry_come_in_the_order_of_the_ids
                    of_racing_retries_one_revives
                    a_settlement_of_a_former_life_is_refused
                    restarts_do_not_run_dead_jobs_again
                }
                settle {
                    each_verdict_has_its_own_ending
                    nine_outcomes_are_told_apart_and_four_are_failures
                    an_attempt_is_kept_with_its_worker_times_and_error
                    a_finished_job_says_when_and_by_whom
                    a_settlement_sent_twice_is_already_written
                    a_settlement_of_a_job_that_ended_since_is_already_written
                    another_process_settles_in_a_workers_name
                    a_settlement_twice_in_one_call_is_written_once
                    of_racing_settlements_of_one_attempt_one_is_written
                    nothing_is_written_after_the_lease_was_lost
                    a_stale_settlement_does_not_touch_the_next_attempt
                    a_completion_sent_again_after_an_earlier_loss_is_already_written
                    the_loser_of_a_dead_job_has_lost_it
                    the_loser_of_a_cancelled_job_has_lost_it
                    a_settlement_under_an_unknown_lease_is_lost
                    a_batch_is_settled_bit_by_bit
                    a_lease_knows_its_jobs_in_whatever_order_they_start
                    jobs_settled_together_keep_what_each_brought
                    one_call_settles_several_batches_and_tells_which_were_lost
                    no_settlements_have_no_answers
                    history_keeps_the_newest_attempts
                }
                tag {
                    jobs_are_found_by_tag_and_subject_in_every_state
                    what_runs_is_asked_of_the_job_itself
                    a_tag_that_many_have_is_found_too
                    jobs_are_found_by_the_moment_of_their_last_step
                    a_given_id_keeps_its_own_tags
                    a_job_that_is_kept_out_leaves_no_tags
                    tags_survive_tidying_while_their_job_does
                    pages_of_a_subject_neither_repeat_nor_skip
                }
                unique {
                    of_racing_calls_with_one_key_one_writes
                    a_key_is_held_until_its_job_has_ended
                    a_job_that_comes_during_the_run_is_written_once
                    a_key_may_be_held_for_a_time
                    a_key_is_free_again_by_every_road
                    a_waiting_job_can_be_replaced
                    a_rejected_job_refuses_its_call
                    a_call_may_bring_a_key_twice
                    a_key_is_of_one_kind
                    a_given_id_and_a_key_go_together
                    a_revived_job_needs_its_key
                    of_jobs_revived_together_one_lives
                    a_revived_job_that_never_started_needs_its_key
                    racing_replacements_all_succeed
                    duplicates_are_counted_and_listed
                    keys_that_are_held_survive_tidying
                }
            }
        }
    };
}
