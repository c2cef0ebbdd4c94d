//! What runs on every store, by noun, verb and name; of jobs and of events there is so much that they have files of their own.

/// The list; a test holds it against the functions there are.
#[doc(hidden)]
#[macro_export]
macro_rules! behaviours {
    ($database:path) => {
        $crate::behaviours_of_jobs!($database);
        $crate::behaviours_of_events!($database);
        $crate::tests_of! { $database;
            audit {
                keep {
                    acts_are_found
                    acts_of_many_are_one_chain
                    the_chain_outlives_its_entries
                    an_act_of_nobody_is_refused
                }
            }
            batch {
                end {
                    a_batch_ends_with_its_last_job
                    a_batch_with_failures_has_ended_too
                    a_retry_that_completes_the_last_job_completes_the_batch
                    however_a_job_ends_it_ends_in_its_batch
                    a_job_adds_others_to_its_batch
                    the_ends_of_a_batch_at_the_same_moment_end_it_once
                    what_has_ended_before_is_not_waited_for
                }
                make {
                    an_open_batch_ends_when_it_is_sealed
                    a_key_has_one_batch
                    a_batch_begins_once
                    the_batch_that_is_missing_is_named
                    a_batch_that_is_not_there_takes_no_job
                    a_batch_that_has_ended_takes_no_job
                    a_batch_of_jobs_that_keys_kept_out_has_ended
                    a_job_that_its_key_keeps_out_needs_no_batch
                    an_id_that_comes_again_is_in_its_batch_once
                    batches_are_removed_with_their_jobs
                    a_batch_is_kept_while_it_is_waited_for
                }
                show {
                    a_batch_says_where_its_jobs_are
                    a_batch_is_blocked_by_what_failed
                    batches_are_listed
                    the_jobs_of_a_batch_are_listed_in_parts
                    the_jobs_of_a_batch_are_found
                    the_jobs_of_a_large_batch_are_found
                }
                unmet {
                    what_cannot_come_any_more_cancels
                    a_chain_of_jobs_is_cancelled_at_once
                    what_has_ended_otherwise_before_cancels
                    what_is_superseded_cancels
                    a_batch_that_ends_otherwise_cancels
                }
            }
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
                    where_the_other_stands_is_told
                    every_road_to_an_end_is_told
                    what_has_ended_before_meets_its_condition
                    one_job_waits_for_many
                    an_end_after_the_wait_changes_nothing
                    a_job_that_runs_can_be_waited_for
                    a_job_that_waits_is_in_nobodys_way
                    a_due_time_counts_beside_the_conditions
                    a_late_end_is_told_to_nobody
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
                    signals_at_the_same_moment_are_told_apart
                    a_key_that_cannot_be_kept_is_refused
                }
                wait {
                    a_job_that_has_begun_waits_for_a_signal
                    a_signal_that_came_before_the_wait_ends_it_at_once
                    a_withdrawn_or_waived_signal_ends_the_wait
                    a_wait_ends_at_its_deadline
                    what_it_waited_for_before_counts_no_more
                    what_was_met_before_does_not_suffice_again
                    a_job_asked_to_cancel_does_not_wait
                    a_wait_without_the_lease_is_refused
                    of_a_signal_and_a_wait_at_once_none_is_missed
                    what_has_come_of_a_signal_can_be_asked
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
                leader {
                    who_leads_is_told_while_it_does
                }
                limits {
                    a_full_limit_is_told_while_jobs_wait_for_long
                    a_limit_of_nothing_is_told
                    a_rate_too_small_for_its_backlog_is_told
                    a_rate_too_small_for_a_long_queue_is_told
                    an_open_breaker_is_told
                }
                stuck {
                    a_job_that_waits_for_what_cannot_come_is_told
                    what_can_still_come_is_not_told
                }
            }
            idempotency {
                begin {
                    an_answer_is_given_again
                    one_of_many_is_carried_out
                    what_died_goes_on_with_its_ids
                    who_was_slow_frees_nothing
                    what_was_refused_leaves_its_key
                    keys_are_forgotten
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
                    a_rate_of_a_host_holds_over_all_workers
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
                    the_oldest_due_job_is_found_behind_urgent_ones
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
                    a_long_queue_is_looked_at_up_to_a_bound
                }
            }
            edit {
                change {
                    only_what_is_as_it_was_seen_is_changed
                    what_cannot_be_kept_is_refused
                    of_two_who_saw_the_same_one_changes_it
                    a_schedule_that_has_fired_is_as_it_was_seen
                }
            }
            token {
                keep {
                    a_token_is_found_by_its_digest
                    a_name_is_one_tokens
                    a_token_that_makes_no_sense_is_refused
                }
            }
            user {
                keep {
                    a_user_is_kept_changed_and_taken_away
                    a_user_that_makes_no_sense_is_refused
                }
                session {
                    a_session_is_its_users_as_they_are_now
                    a_session_ends_with_what_its_user_was
                    a_session_of_another_password_does_not_start
                    a_user_has_so_many_sessions_and_no_more
                    an_own_password_is_changed_by_who_is_signed_in
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
                    the_wish_to_stop_travels_in_the_heartbeat
                    nobody_can_be_asked_to_stop_who_is_not_there
                    a_heartbeat_says_how_long_the_lease_lasts
                    the_list_says_when_a_worker_has_last_claimed
                    workers_of_one_host_are_apart
                }
                list {
                    workers_are_listed_as_they_registered
                    only_those_who_live_are_listed
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
                    what_a_lost_machine_ran_goes_by_its_kind
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
                    a_worker_that_lives_with_its_lease_outlives_who_registered_it
                    a_worker_registered_again_is_the_same
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
            stats {
                depth {
                    how_long_queues_are_is_noted
                    jobs_in_line_are_counted_too
                    the_longest_of_a_time_is_kept
                    a_long_queue_is_counted_up_to_a_limit
                }
                fold {
                    what_was_counted_is_in_the_rows
                    later_parts_add_to_earlier_rows
                    who_saw_less_writes_nothing
                    of_many_who_fold_each_part_counts_once
                    rows_are_kept_for_their_time
                    rows_of_one_time_stay_few
                    every_outcome_is_kept
                }
                part {
                    a_part_that_comes_twice_counts_once
                    only_so_many_parts_wait
                    a_part_that_cannot_be_read_stops_no_other
                }
            }
            step {
                record {
                    steps_are_there_for_the_next_attempt
                    a_step_without_the_lease_changes_nothing
                    a_step_that_is_written_again_takes_its_place
                    a_list_can_end_earlier
                    a_step_that_lasts_says_until_when
                    an_id_that_comes_again_has_no_steps
                    steps_are_removed_with_their_jobs
                    of_a_step_and_a_rescue_at_once_one_wins
                }
            }
            operation {
                begin {
                    an_operation_begins_only_with_the_number_that_was_expected
                    a_preview_counts_and_writes_nothing
                    a_second_call_begins_no_second_operation
                    operations_are_listed_newest_first
                    what_no_operation_can_be_is_refused
                }
                round {
                    the_jobs_are_those_of_the_beginning
                    no_more_jobs_are_changed_than_were_counted
                    a_later_job_takes_nobodys_place
                    rounds_are_bounded_and_claims_go_on_between_them
                    rounds_at_once_change_each_job_once
                    rounds_keep_their_pace
                    operations_have_their_turns
                    what_is_left_as_it_is_says_why
                    jobs_are_found_by_what_the_filter_says
                    what_no_column_tells_is_looked_at
                    a_sweep_says_when_an_operation_has_a_round
                }
                control {
                    a_paused_operation_goes_on_when_it_is_resumed
                    an_operation_that_goes_on_can_be_undone
                    after_its_time_nothing_is_undone
                }
                undo {
                    a_retry_is_undone_to_the_last_column
                    what_was_touched_since_is_not_undone
                    a_parked_job_was_not_touched
                    a_cancel_is_undone_with_its_keys
                    a_cancel_that_others_heard_of_is_not_undone
                    a_move_is_undone
                    a_delete_is_undone_with_all_that_belongs_to_the_jobs
                    batches_are_as_they_were
                    a_retry_that_others_wait_for_is_not_undone
                    a_lane_stands_still_again
                    many_jobs_are_undone_in_rounds
                }
            }
            progress {
                report {
                    the_last_checkpoint_is_there_for_the_next_attempt
                    a_report_without_the_lease_changes_nothing
                    an_older_account_does_not_come_after_a_newer_one
                    attempts_of_several_workers_report_together
                    log_lines_are_kept_in_their_order
                    an_id_that_comes_again_has_no_progress
                    what_was_reported_is_removed_with_its_job
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
                    a_worker_hears_a_wish_to_stop
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
