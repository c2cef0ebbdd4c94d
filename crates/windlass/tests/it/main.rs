//! The public API on both stores: adapters, claims beside foreign locks, the engine, embedding, compile errors.

mod adapters;
mod bounds;
mod claims;
mod commit;
mod compile_errors;
mod cost;
mod embedded;
mod engine;
mod guides;
mod handlers;
mod health;
mod losses;
mod pairings;
mod probes;
mod races;
mod recovery;
mod remote_cancel;
mod schedules;
mod start;
mod statements;
mod tags;
mod test_database;
mod testing;
mod transactions;
mod unique;
mod wake;
