//! What runs on every store, of events: what is published, what comes of it, what Windlass tells of itself, and what it reads elsewhere.

/// The part of the list that is about events.
#[doc(hidden)]
#[macro_export]
macro_rules! behaviours_of_events {
    ($database:path) => {
        $crate::tests_of! { $database;
            alert {
                last {
                    a_failing_kind_is_told_once_and_so_is_its_end
                    a_kind_fails_while_one_of_its_jobs_does
                    jobs_that_run_stay_known
                    a_death_ends_the_failing
                    a_queue_that_stands_still_is_told
                    what_is_about_at_its_limit_is_told_once
                    a_job_that_hangs_is_told
                    jobs_that_no_worker_knows_are_one_alert
                    a_queue_that_nobody_serves_is_told
                    a_lane_that_stands_still_is_told
                    an_open_breaker_is_one_alert
                    what_comes_of_alerts_is_no_alert
                    what_nobody_wants_is_not_looked_for
                }
                look {
                    who_saw_less_writes_nothing
                    a_change_that_changes_nothing_tells_nothing
                    of_many_who_look_one_tells
                    many_alerts_are_told_one_part_after_the_other
                }
                mute {
                    what_is_muted_is_told_once_it_is_not_any_more
                    a_mute_ends_at_its_moment
                    the_end_of_what_was_told_is_told
                    kinds_that_workers_leave_out_are_listed
                    a_muted_death_is_not_told
                }
                source {
                    a_source_that_fails_is_told_once_and_so_is_its_end
                    a_source_that_stopped_is_told_once_and_so_is_its_end
                }
                tell {
                    a_job_that_dies_is_told
                    every_road_to_a_dead_job_is_told
                    what_did_not_happen_is_not_told
                    each_death_of_a_burst_is_told
                    what_nobody_wants_is_not_told
                    the_death_of_what_comes_of_an_alert_is_not_told
                    a_worker_that_is_lost_is_told
                    missed_runs_are_told
                    a_gap_is_told
                    a_gap_that_grows_is_told_each_time
                }
            }
            event {
                publish {
                    what_was_acknowledged_is_there_for_everybody
                    an_event_has_all_it_was_published_with
                    a_given_id_is_published_once
                    an_event_that_is_published_twice_is_one
                    a_given_id_at_the_same_moment_is_published_once
                    what_cannot_be_published_is_refused
                }
                heads {
                    a_head_tells_of_an_event_without_its_data
                    what_has_no_position_has_no_head
                }
                sequence {
                    events_of_one_caller_keep_their_order
                    positions_are_dense_beside_each_other
                }
                tree {
                    a_tree_is_whole_wherever_its_jobs_are
                    what_came_of_a_removed_event_is_found
                }
            }
            subscription {
                ask {
                    both_directions_agree
                    an_event_names_who_gets_it_and_why_the_others_do_not
                    a_subscription_names_what_it_nearly_gets
                }
                backtest {
                    a_moment_is_a_place_in_the_log
                    a_filter_is_tried_on_a_part_of_the_log
                    types_are_listed_with_who_takes_them
                }
                end {
                    an_event_tells_how_each_of_its_jobs_has_ended
                    a_dead_job_of_an_event_is_retried_as_it_was
                    jobs_of_events_are_counted_by_their_states
                    how_far_it_was_fed_and_its_jobs_are_seen_together
                }
                feed {
                    an_event_becomes_a_job_for_each_who_wants_it
                    two_who_feed_write_once
                    a_stale_slice_writes_nothing
                    another_log_is_fed_from_what_is_stored
                    who_catches_up_is_handed_over
                    what_nobody_wants_is_passed_over
                    a_subscription_has_no_more_jobs_than_credit
                    each_subscription_has_its_own_unfinished_jobs
                    two_who_feed_in_turn_stay_within_credit
                    one_event_goes_to_many_in_parts
                    events_with_one_key_are_handled_in_order
                    a_part_of_the_log_is_replayed
                    a_replay_is_expected_and_undone
                }
                keep {
                    events_go_when_their_time_is_over_and_nothing_needs_them
                    what_somebody_waits_for_stays
                    what_goes_too_early_is_a_gap
                    what_a_subscription_has_missed_is_found
                }
                late {
                    what_is_fed_late_in_parts_becomes_whole_windows
                    what_is_left_for_lack_of_room_waits_its_time
                    what_a_full_batch_leaves_waits_from_its_own_moment
                    what_a_change_has_no_room_for_waits_for_room_alone
                    windows_of_one_that_catches_up_keep_no_others_open
                    of_what_is_fed_late_the_latest_becomes_a_job
                    windows_that_are_not_whole_keep_no_others_open
                    windows_without_room_keep_no_others_open
                    a_digest_that_is_fed_late_and_live_is_whole
                }
                pace {
                    a_replay_keeps_its_pace
                    another_leader_keeps_the_pace
                    a_pace_is_of_jobs
                    a_pace_is_of_events_that_wait_for_others
                    a_rate_holds_for_the_jobs_of_all_subscriptions
                }
                put {
                    a_subscription_begins_where_it_says
                    what_has_its_position_is_not_from_now_on
                    a_changed_subscription_goes_on_where_it_is
                    an_unchanged_subscription_is_not_revised
                    a_paused_subscription_misses_nothing
                    a_removed_subscription_gets_nothing_more
                }
                target {
                    a_job_waits_for_an_event
                    an_event_is_published_once_more
                    a_loop_of_subscriptions_is_bounded
                    a_signal_that_cannot_be_told_keeps_nobody_back
                    what_is_changed_meanwhile_is_not_told
                    what_would_take_its_own_output_is_refused
                }
                window {
                    a_batch_is_made_when_there_are_enough_or_it_has_waited
                    who_feeds_knows_when_a_window_is_due
                    each_key_has_a_window_of_its_own
                    a_digest_is_made_at_its_time
                    only_the_latest_of_a_window_becomes_a_job
                    two_who_close_write_once
                    a_window_that_is_not_as_it_was_stays
                    windows_wait_for_credit_and_pauses
                    what_waits_for_others_is_kept
                    a_change_ends_the_waiting
                    a_replay_goes_with_its_last_window
                    a_replay_that_ends_with_nothing_keeps_its_windows
                    who_asks_finds_the_job_of_each_event
                    who_asks_is_told_what_an_event_is_together_with
                    large_events_become_several_jobs
                    what_comes_while_windows_close_is_of_the_next_one
                    what_is_left_of_a_removed_window_is_not_missed
                    a_replaced_event_waits_with_the_latest
                }
            }
            source {
                change {
                    a_paused_source_imports_nothing
                    a_reset_source_goes_on_elsewhere
                    a_removed_source_is_gone
                    a_declaration_is_shown
                }
                hold {
                    one_holds_a_source_until_its_time_is_over
                    who_is_late_and_not_replaced_goes_on
                    who_lets_go_makes_room
                    of_many_who_wish_at_once_one_holds
                    a_clock_that_is_set_back_keeps_nobody_out
                    how_asking_went_is_shown
                }
                import {
                    a_page_is_there_with_its_position
                    a_page_that_is_refused_moves_nothing
                    who_was_replaced_writes_nothing
                    a_page_is_written_once
                    of_imports_at_once_one_is_written
                    a_backlog_is_imported_in_parts
                    a_gap_is_kept_and_told
                    a_source_stops_at_a_gap_until_it_is_resumed
                    a_feed_that_was_reset_is_told
                    a_number_that_a_feed_did_not_have_is_remembered
                    a_large_page_without_ids_is_there_once
                    what_is_no_event_is_put_aside
                }
                overdue {
                    a_source_that_nobody_reads_is_overdue
                    a_source_that_is_held_and_not_read_is_overdue
                }
                quarantine {
                    what_is_known_later_is_imported
                    two_who_read_again_publish_once
                    so_many_stay_and_the_rest_is_counted
                    a_record_is_put_aside_once
                    a_body_that_is_cut_is_not_imported
                    what_is_no_text_is_not_imported
                }
            }
        }
    };
}
