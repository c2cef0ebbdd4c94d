//! The binary as its users see it.

mod bench;
mod cli;
mod demo;
mod handlers;
mod sources;
mod work;
mod work_fixture;
