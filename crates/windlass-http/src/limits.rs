//! Numbers that a client may meet.

use std::time::Duration;

/// Items of a page, unless asked for.
pub(crate) const PAGE: u16 = 50;
/// Items of a page at most.
pub(crate) const LARGEST_PAGE: u16 = 500;
/// Jobs of one batch.
pub(crate) const BATCH_JOBS: usize = 1_000;
/// Events of one batch.
pub(crate) const BATCH_EVENTS: usize = 1_000;
/// Events that one request for a page looks at; where few of them match, the page has less than was asked for.
pub(crate) const PAGE_EVENTS: usize = 20_000;
/// The last position that a log can have, and the last number of what is put aside.
pub(crate) const LARGEST_POSITION: u64 = i64::MAX.unsigned_abs();
/// Bytes of a request's body.
pub(crate) const BODY_BYTES: usize = 4 << 20;
/// Bytes of a filter's text.
pub(crate) const FILTER_BYTES: usize = 4_096;
/// Bytes of a correlation id.
pub(crate) const CORRELATION_BYTES: usize = 128;
/// Kinds that a remote worker runs.
pub(crate) const HANDLERS: usize = 1_000;
/// Jobs that a remote worker runs at once.
pub(crate) const REMOTE_SLOTS: u32 = 10_000;
/// Bytes of a remote worker's name, host and build.
pub(crate) const NAME_BYTES: usize = 200;
/// How long a claim may wait for work.
pub(crate) const LONGEST_POLL: Duration = Duration::from_secs(60);
/// Log lines of one report.
pub(crate) const REPORT_LINES: usize = 1_000;
/// How long a token may last that is to expire.
pub(crate) const LONGEST_TOKEN: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How long a body may take to come.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(30);
/// Bytes of a request's line and headers.
pub(crate) const HEADER_BYTES: usize = 16 << 10;
/// How long they may take to come, also while a connection idles.
pub(crate) const HEADER_TIME: Duration = Duration::from_secs(10);
/// Connections at once; others wait to be accepted.
pub(crate) const CONNECTIONS: usize = 16_384;
/// How long what is under way has at a stop.
pub(crate) const STOP_TIME: Duration = Duration::from_secs(10);
