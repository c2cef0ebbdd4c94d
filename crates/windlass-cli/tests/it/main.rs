//! The binary as its users see it.

mod bench;
mod cli;
mod conformance;
mod demo;
mod dev;
mod handlers;
mod reads;
mod serve;
mod service;
mod sources;
mod stores;
mod supervisor;
mod terminal;
mod work;
mod work_fixture;
