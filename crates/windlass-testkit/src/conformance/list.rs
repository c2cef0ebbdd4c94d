//! What runs on every store, by noun, verb and name.

/// The list; a test holds it against the functions there are.
#[doc(hidden)]
#[macro_export]
macro_rules! behaviours {
    ($database:path) => {
        $crate::tests_of! { $database;
            condition {
                declare {
                    a_job_that_is_not_there_cannot_be_waited_for
                    jobs_of_one_call_wait_for_each_other
                    a_job_that_waits_can_be_cancelled_and_moved
                    a_job_that_waits_holds_its_key
                    a_given_id_that_comes_again_waits_anew
                    a_word_in_the_meta_is_no_condition
                    what_is_superseded_in_the_same_call_is_told
                    a_job_that_its_key_kept_out_cannot_be_waited_for
                    a_given_id_declares_its_conditions_once
                    conditions_are_removed_with_their_jobs
                }
                ended {
                    a_job_runs_after_another
                    a_dead_job_keeps_those_that_wait_for_it
                    every_road_to_an_end_is_told
                    what_has_ended_before_meets_its_condition
                    one_job_waits_for_many
                    an_end_after_the_wait_changes_nothing
                    a_job_that_runs_can_be_waited_for
                    a_job_that_waits_is_in_nobodys_way
                    a_due_time_counts_beside_the_conditions
                }
                moment {
                    a_moment_passes
                    an_overdue_job_runs_without
                    an_overdue_job_is_ended
                    a_deadline_of_a_job_that_does_not_wait_is_over
                }
                signal {
                    the_last_of_two_signals_makes_the_job_available
                    an_early_signal_is_kept
                    a_signal_that_comes_again_changes_nothing
                    a_signal_after_the_wait_is_late
                    a_withdrawn_signal_is_not_waited_for
                    some_of_several_conditions_suffice
                    both_signals_at_the_same_moment_run_the_job_once
                    a_signal_and_its_withdrawal_do_not_both_win
                    a_key_that_cannot_be_kept_is_refused
                }
                waive {
                    a_waived_condition_is_not_waited_for
                }
            }
            health {
                jobs {
                    latency_is_not_failing
                    latency_is_told_of_jobs_in_line
                    a_pause_is_not_latency
                    failing_is_not_latency
                    dying_is_told_while_it_is_news
                    a_job_that_runs_too_long_is_told
                    what_is_expected_is_kept_with_the_leases
                    a_muted_kind_is_left_out
                    a_muted_kind_hides_no_other
                }
                lanes {
                    a_lane_behind_a_dead_job_is_told
                    a_long_lane_is_told
                }
                limits {
                    a_full_limit_is_told_while_jobs_wait_for_long
                    a_limit_of_nothing_is_told
                    a_rate_too_small_for_its_backlog_is_told
                    an_open_breaker_is_told
                }
                stuck {
                    a_job_that_waits_for_what_cannot_come_is_told
                    what_can_still_come_is_not_told
                }
            }
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
                    workers_that_are_held_back_by_their_build_are_named
                    taken_slots_and_the_line_are_told
                    a_suspect_is_told
                    a_running_job_says_where_it_is
                    an_expiry_is_told
                    a_job_that_expires_before_its_time_comes_is_told_so
                    a_unique_key_is_told_with_its_holder
                    an_ended_job_says_how_and_how_long_it_is_kept
                    what_a_job_waits_for_is_told
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
            limit {
                breaker {
                    after_failures_one_job_probes
                    failures_far_apart_open_nothing
                    each_key_has_a_breaker_of_its_own
                    a_lost_probe_is_followed_by_another
                    only_its_probe_opens_it_again
                    a_person_closes_a_breaker
                }
                list {
                    limits_are_listed_with_what_is_used
                }
                rate {
                    tokens_come_evenly
                    a_job_takes_what_it_costs
                    each_key_has_tokens_of_its_own
                    a_clock_set_back_takes_no_tokens
                    a_slow_rate_is_remembered
                    a_clock_set_back_holds_no_tokens_up
                }
                reserve {
                    reserved_places_stay_free_for_their_kind
                    a_kind_may_use_more_than_its_places
                    each_kind_has_places_of_its_own
                    all_places_can_be_reserved
                    lines_that_are_kept_take_no_part_of_a_claim
                    what_runs_already_has_its_places
                    reserved_places_are_counted_after_tidying
                    reserved_places_are_changed_at_run_time
                    reserved_places_that_make_no_sense_are_refused
                    a_probe_may_be_of_any_kind
                }
                set {
                    a_kind_runs_so_often_at_once
                    what_runs_already_counts
                    what_runs_again_counts_again
                    what_runs_counts_after_tidying
                    a_queue_runs_so_many_at_once
                    a_limit_of_a_name_wins_over_the_jobs_own
                    a_limit_is_changed_at_run_time
                    what_a_person_set_stays
                    a_limit_of_none_is_refused
                    a_job_that_is_kept_takes_no_place
                    jobs_behind_thousands_of_others_are_found
                    what_ran_counts_when_a_claim_comes_late
                }
            }
            queue {
                aging {
                    an_aging_is_set_changed_and_taken_away
                }
                bound {
                    a_bound_is_set_changed_and_taken_away
                    a_queue_is_full_with_so_many_available_jobs
                }
                list {
                    queues_are_listed_with_workers_and_ages
                }
                pause {
                    a_pause_ends_by_itself
                    a_paused_kind_gives_nothing_until_it_is_resumed
                    jobs_of_a_paused_kind_are_out_of_the_way
                    a_paused_queue_gives_nothing_until_it_is_resumed
                    jobs_that_run_when_their_queue_is_paused_go_on
                    a_paused_queue_still_takes_jobs
                    a_paused_queue_says_since_when_and_why
                    a_note_with_a_nul_is_kept_without_it
                    resuming_an_open_queue_changes_nothing
                }
                unserved {
                    jobs_that_nobody_could_run_are_listed
                    a_worker_must_serve_the_queue_and_know_the_kind
                    a_dead_worker_serves_nobody
                    only_due_jobs_can_be_unserved
                }
            }
            worker {
                build {
                    a_minimum_build_is_set_changed_and_taken_away
                    minimum_builds_come_with_registrations_and_heartbeats
                    the_list_says_who_is_below_the_minimum
                    so_many_programs_have_a_minimum_and_no_more
                }
                heartbeat {
                    a_heartbeat_renews_the_lease
                    an_unknown_worker_is_told_that_it_is_gone
                    a_worker_that_was_rescued_is_told_that_it_is_gone
                    a_heartbeat_lists_the_leases_held
                    a_worker_learns_of_cancel_requests
                    the_wish_for_quiet_travels_in_the_heartbeat
                    nobody_can_be_asked_to_be_quiet_who_is_not_there
                    a_heartbeat_says_how_long_the_lease_lasts
                }
                list {
                    workers_are_listed_as_they_registered
                }
            }
            maintenance {
                age {
                    without_aging_urgent_jobs_always_go_first
                    with_aging_every_job_runs_in_time
                    urgent_jobs_that_come_and_go_are_overtaken
                    an_aged_job_goes_behind_those_that_waited_longer
                    a_job_with_a_new_time_has_its_own_priority_again
                    a_job_that_is_handed_back_keeps_what_it_gained
                    a_moved_and_a_retried_job_have_their_own_priority_again
                    a_replaced_job_begins_to_age_again
                    only_the_jobs_of_the_queue_age
                    a_paused_queue_is_left_alone
                    many_jobs_age_in_bounded_rounds
                    no_job_is_written_in_vain
                    jobs_of_a_limit_age
                    lanes_age_and_keep_their_order
                    an_age_is_explained
                    a_job_does_not_rise_beyond_the_smallest_priority
                }
                leader {
                    one_worker_leads_and_the_others_do_nothing
                    a_leader_that_sweeps_stays_leader
                    a_silent_leader_is_replaced_after_its_time
                    a_leader_that_leaves_is_replaced_at_once
                    a_dead_leader_is_replaced_and_rescued_in_one_round
                    a_sweep_tells_how_many_workers_live
                    of_racing_sweeps_one_leads
                }
                losses {
                    a_job_has_the_limit_of_losses_that_it_brought
                    a_job_with_no_limit_of_losses_never_dies_of_one
                    the_kinds_limit_holds_for_a_job_that_brought_none
                    the_jobs_own_limit_wins_over_its_kinds
                    one_kinds_limit_is_none_of_another
                    the_kinds_limit_outlives_the_leader_that_removed_the_worker
                    the_kinds_limit_goes_with_the_last_lease
                    a_kind_without_a_limit_of_losses_never_dies_of_one
                    a_loss_is_the_last_failure_that_the_kind_allows
                    a_loss_is_the_last_failure_by_default
                    a_kind_that_never_gives_up_survives_every_loss
                }
                park {
                    jobs_that_nobody_knows_are_parked
                    a_worker_that_knows_them_brings_parked_jobs_back
                    a_worker_of_another_version_brings_nothing_back
                    what_only_a_gone_worker_knew_is_parked
                    a_parked_job_keeps_its_due_time
                }
                promote {
                    only_due_jobs_become_available
                    failed_and_snoozed_jobs_come_back_when_due
                    a_promoted_job_keeps_its_due_time
                    a_sweep_tells_when_the_next_job_is_due
                    many_due_jobs_are_promoted_in_bounded_rounds
                }
                prune {
                    finished_jobs_go_when_their_time_is_over
                    dead_jobs_are_never_pruned
                    unfinished_jobs_are_never_pruned
                    a_revived_job_is_kept_from_its_new_end_on
                    many_old_jobs_go_in_a_few_rounds
                }
                rescue {
                    a_dead_workers_job_comes_back
                    nothing_is_rescued_while_the_lease_holds
                    a_worker_that_beats_keeps_its_jobs
                    a_rescued_job_goes_behind_fresh_ones
                    the_second_loss_makes_a_job_wait
                    the_third_loss_is_the_last
                    a_loss_can_use_up_the_last_attempt
                    only_unsettled_jobs_are_rescued
                    a_job_that_moved_on_is_not_rescued
                    a_job_asked_to_cancel_is_cancelled_at_rescue
                    everything_a_dead_worker_held_comes_back
                    jobs_claimed_by_a_removed_worker_are_not_stranded
                    a_dead_process_is_noticed_before_its_lease_ends
                    a_settlement_and_a_rescue_do_not_both_win
                }
            }
            schedule {
                fire {
                    a_fired_job_names_its_schedule_and_its_due_time
                    each_due_time_is_fired_once_by_several_processes
                    a_firing_on_an_old_look_writes_nothing
                    a_look_without_a_write_loses_no_due_time
                    missed_runs_happen_as_the_policy_says
                    a_run_is_skipped_while_the_last_job_has_not_ended
                    one_run_is_queued_behind_the_last_job
                    runs_come_beside_each_other_where_that_is_allowed
                    a_job_that_is_tried_again_has_not_ended
                    a_unique_job_of_a_schedule_that_is_held_is_left_out
                    the_jobs_of_a_schedule_stand_in_line
                    a_schedules_job_keeps_the_rules_of_its_lane
                    a_sweep_of_the_leader_says_when_a_schedule_is_due
                    a_thousand_schedules_are_fired_once_each_by_four_processes
                    a_rule_that_cannot_be_read_is_an_error_of_its_schedule
                    a_fired_job_wakes_its_queue
                    half_past_two_is_fired_once_each_local_day
                }
                list {
                    schedules_are_listed_by_name
                }
                pause {
                    a_paused_schedule_fires_nothing_until_it_is_resumed
                    a_paused_schedule_says_since_when_and_why
                    a_pause_says_whether_there_is_such_a_schedule
                    a_pause_drops_the_queued_run
                }
                put {
                    a_schedule_is_read_back_as_it_was_declared
                    declaring_again_moves_no_due_time
                    a_new_rule_counts_from_its_declaration
                    a_new_rule_counts_the_queued_run_as_skipped
                    a_declaration_does_not_overwrite_what_a_person_changed
                    two_programs_that_declare_differently_are_known
                    programs_that_declare_at_once_make_one_schedule
                    a_schedule_that_could_not_be_read_gets_another_chance
                    what_was_just_declared_is_not_written_again
                    a_write_on_an_old_look_is_refused
                }
                remove {
                    a_schedule_that_nobody_declares_is_gone
                    a_declared_schedule_does_not_come_back_once_it_is_removed
                    a_removed_schedule_comes_back_when_a_person_puts_it
                }
            }
            store {
                facts {
                    a_store_says_what_it_is
                }
                wake {
                    a_wake_up_goes_to_its_queue_alone
                    a_job_that_was_due_before_it_came_wakes_its_queue
                    a_kept_job_wakes_its_queue
                    a_cancel_request_wakes_the_worker_that_runs_the_job_alone
                    a_worker_hears_a_cancel_request_of_its_own_process
                    a_worker_hears_a_wish_for_quiet
                    a_minimum_build_wakes_the_workers_of_its_program_alone
                    a_cancelled_job_that_waits_wakes_nobody
                    a_store_hears_once_a_worker_has_registered
                    an_expiry_wakes_who_waited_for_it
                }
            }
        }

        mod model {
            #[test]
            fn random_lives_agree_with_the_rules() {
                $crate::model::agree($database);
            }

            #[test]
            fn a_store_with_a_fault_is_caught() {
                $crate::model::catch_every_fault($database);
            }
        }
    };
}
