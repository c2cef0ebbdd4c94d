//! The file, the connections to it and the threads that own them.

pub(crate) mod connect;
pub(crate) mod facts;
pub(crate) mod migrate;
pub(crate) mod open;
pub(crate) mod reader;
pub(crate) mod thread;
pub(crate) mod turn;
pub(crate) mod watch;
pub(crate) mod writer;
