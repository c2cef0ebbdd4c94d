//! Faults: stores that stop, die or lose an answer at a named point, worker processes that can
//! be killed and frozen, and the fixture on which tests put them together.

pub(crate) mod forward;

pub mod clock;
pub mod counted;
pub mod disk;
pub mod meddled;
pub mod patience;
pub mod plan;
pub mod probe;
pub mod process;
pub mod process_fixture;
pub mod settings;
pub mod skew;
pub mod store;
