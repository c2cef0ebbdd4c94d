//! The commands that enqueue, look and mend, run as a person or a script runs them.

mod bulk;
mod clock;
mod enqueue;
mod health;
mod help;
mod job;
mod places;
mod queue;
mod world;
