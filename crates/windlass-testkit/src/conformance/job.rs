//! What every store does with jobs.

pub mod cancel;
pub mod capped_counts;
pub mod claim;
pub mod complete_with;
pub mod confirm;
pub mod enqueue;
pub mod expiry;
pub mod explain;
pub mod explain_line;
pub mod fair;
pub mod find;
pub mod heads;
pub mod in_hand;
pub mod lane;
pub mod limited;
pub mod move_jobs;
pub mod payload;
pub mod read;
pub mod release;
pub mod retry;
pub mod settle;
pub mod tag;
pub mod unique;
