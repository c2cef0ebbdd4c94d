//! The contract of handlers: what a program or a target sees and what its end means.

mod chunk;
mod config;
mod exec;
mod http;
mod killed;
mod report;
#[cfg(target_os = "linux")]
mod room;
