//! The live stream.

mod guide;
mod reader;
mod rights;
mod told;
mod watch;
