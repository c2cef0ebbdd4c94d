//! The engine: one loop, on a thread of its own, that turns claims into running handlers and
//! their ends into settlements.
//!
//! The loop never runs a handler: handlers run on the application's runtime, so one that blocks
//! a thread can delay neither a heartbeat nor another job's settlement. Decisions are made in
//! plain structs without I/O — [`fetch`](self) (what to claim and when), dispatch (what to start
//! next), verdict (what an end means) — and the loop only carries their words to the store.

mod attempt;
mod dispatch;
mod duties;
mod events;
mod fetch;
mod lookout;
mod options;
mod outbox;
mod panics;
mod pulse;
mod run;
mod running;
mod settling;
mod verdict;
mod worker;

pub use events::{Event, Health, Stats};
pub use options::Options;
pub use worker::{RunningWorker, StartError, StopReport, Worker};
