//! The live stream.

mod reader;
mod rights;
mod told;
mod watch;
