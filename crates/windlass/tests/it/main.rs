//! The public API on both stores: adapters, the engine, embedding, compile errors.

mod adapters;
mod compile_errors;
mod embedded;
mod engine;
mod place;
mod probes;
mod recovery;
