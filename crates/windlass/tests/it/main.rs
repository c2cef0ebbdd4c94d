//! The public API on both stores: adapters, claims beside foreign locks, the engine, embedding, compile errors.

mod adapters;
mod claims;
mod commit;
mod compile_errors;
mod cost;
mod embedded;
mod engine;
mod health;
mod place;
mod probes;
mod races;
mod recovery;
mod start;
mod statements;
mod wake;
