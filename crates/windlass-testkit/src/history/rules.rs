//! The rules: each is a fold over the index that names what breaks it.

mod batches;
mod conditions;
mod durability;
mod effects;
mod events;
mod expiry;
mod leases;
mod lines;
mod schedules;
mod steps;
mod undo;
mod unique;
mod waking;

use super::index::Index;

pub(super) use undo::undone;
pub(super) use waking::longest_wake;

/// A rule's name and what it says.
pub(super) type Rule = (&'static str, fn(&Index<'_>) -> Vec<String>);

/// Every rule, under the name of its invariant.
pub(super) const ALL: [Rule; 41] = [
    ("I-D1", durability::nothing_acknowledged_is_lost),
    ("I-D2", durability::nothing_is_left_over),
    ("I-D3", durability::nothing_came_from_nowhere),
    ("I-D8", durability::calls_are_whole_or_nothing),
    ("I-L1", leases::attempts_rise_and_leases_are_new),
    ("I-L2", leases::attempts_of_a_job_do_not_overlap),
    ("I-L3", leases::stale_ends_are_refused),
    ("I-L4", leases::ended_jobs_stay_ended),
    ("I-L7", leases::each_job_ends_once),
    ("I-L8", leases::attempts_are_counted_before_they_start),
    ("I-S1", schedules::no_due_time_is_fired_twice),
    ("I-S2", schedules::no_due_time_is_passed_over),
    ("I-Q1", conditions::jobs_start_when_what_they_wait_for_has_come),
    ("I-Q2", conditions::no_job_waits_for_what_has_come),
    ("I-B1", batches::what_follows_a_batch_starts_after_its_end),
    ("I-B2", batches::no_batch_is_left_open),
    ("I-B3", batches::batches_say_how_their_jobs_ended),
    ("I-B4", undo::failed_workflows_are_undone_in_reverse),
    ("I-E1", events::positions_are_dense),
    ("I-E1", events::nothing_appears_in_the_log_later),
    ("I-E1", events::the_log_is_in_the_order_of_commits),
    ("I-E2", events::a_given_id_is_one_event),
    ("I-E3", events::calls_are_in_the_log_whole_or_not),
    ("I-E4", events::each_gets_what_it_wants_once),
    ("I-E4", events::nobody_is_left_behind),
    ("I-E4", events::handlers_are_told_of_their_event),
    ("I-E4", events::lanes_go_in_the_order_of_the_log),
    ("I-E5", events::credit_is_kept),
    ("I-E6", events::what_is_needed_is_kept),
    ("I-E7", events::records_come_in_their_order),
    ("I-T1", steps::what_is_recorded_is_not_done_again),
    ("I-O1", lines::lanes_run_one_at_a_time),
    ("I-O1", lines::lanes_run_in_order),
    ("I-O3", lines::limits_hold),
    ("I-O3", lines::limits_that_are_set_hold),
    ("I-U1", unique::a_key_is_held_by_one_job),
    ("I-X2", effects::a_settlement_sent_again_is_recognised),
    ("I-X3", effects::one_id_is_one_job),
    ("I-W1", waking::work_is_noticed),
    ("I-W3", waking::paused_queues_give_nothing),
    ("I-W7", expiry::what_has_expired_never_starts),
];
