//! The rules: each is a fold over the index that names what breaks it.

mod durability;
mod effects;
mod leases;
mod waking;

use super::index::Index;

pub(super) use waking::longest_wake;

/// A rule's name and what it says.
pub(super) type Rule = (&'static str, fn(&Index<'_>) -> Vec<String>);

/// Every rule, under the name of its invariant.
pub(super) const ALL: [Rule; 14] = [
    ("D1", durability::nothing_acknowledged_is_lost),
    ("D2", durability::nothing_is_left_over),
    ("D3", durability::nothing_came_from_nowhere),
    ("D8", durability::calls_are_whole_or_nothing),
    ("L1", leases::attempts_rise_and_leases_are_new),
    ("L2", leases::attempts_of_a_job_do_not_overlap),
    ("L3", leases::stale_ends_are_refused),
    ("L4", leases::ended_jobs_stay_ended),
    ("L7", leases::each_job_ends_once),
    ("L8", leases::attempts_are_counted_before_they_start),
    ("X2", effects::a_settlement_sent_again_is_recognised),
    ("X3", effects::one_id_is_one_job),
    ("W1", waking::work_is_noticed),
    ("W3", waking::paused_queues_give_nothing),
];
