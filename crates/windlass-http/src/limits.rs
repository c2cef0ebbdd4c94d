//! Numbers that a client may meet.

use std::time::Duration;

/// Items of a page, unless asked for.
pub(crate) const PAGE: u16 = 50;
/// Items of a page at most.
pub(crate) const LARGEST_PAGE: u16 = 500;
/// Pages that a cursor knows the way back through.
pub(crate) const PAGES_BACK: usize = 20;
/// Jobs of one batch.
pub(crate) const BATCH_JOBS: usize = 1_000;
/// Events of one batch.
pub(crate) const BATCH_EVENTS: usize = 1_000;
/// The last position that a log can have, and the last number of what is put aside.
pub(crate) const LARGEST_POSITION: u64 = i64::MAX.unsigned_abs();
/// The largest number of jobs that a request can name.
pub(crate) const LARGEST_COUNT: u64 = i64::MAX.unsigned_abs();
/// How long the store may take to say who sends a request.
pub(crate) const CALLER_TIME: Duration = Duration::from_secs(5);
/// How long a standby may take to answer before the primary is asked.
pub(crate) const READ_TIME: Duration = Duration::from_secs(3);
/// Bytes of a request's body.
pub(crate) const BODY_BYTES: usize = 4 << 20;
/// Bytes of a request with results: as many as 50 of the largest outputs.
pub(crate) const RESULTS_BYTES: usize = 16 << 20;
/// Bytes of a filter's text.
pub(crate) const FILTER_BYTES: usize = 4_096;
/// Bytes of a correlation id.
pub(crate) const CORRELATION_BYTES: usize = 128;
/// Kinds that a remote worker runs.
pub(crate) const HANDLERS: usize = 1_000;
/// Jobs that a remote worker runs at once.
pub(crate) const REMOTE_SLOTS: u32 = 10_000;
/// Kinds of a remote worker with slots of their own: a claim may ask the store once for each.
pub(crate) const KIND_SLOTS: usize = 100;
/// Bytes of a remote worker's name, host and build.
pub(crate) const NAME_BYTES: usize = 200;
/// How long a claim may wait for work.
pub(crate) const LONGEST_POLL: Duration = Duration::from_secs(60);
/// Log lines of one report.
pub(crate) const REPORT_LINES: usize = 1_000;
/// Steps of one report.
pub(crate) const REPORT_STEPS: usize = 1_000;
/// How long a token may last that is to expire.
pub(crate) const LONGEST_TOKEN: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// Bytes of a password at least.
pub(crate) const SHORTEST_PASSWORD: usize = 12;
/// Bytes of a password at most: hashing one takes no longer than so many do.
pub(crate) const LONGEST_PASSWORD: usize = 1_024;
/// Bytes of a request to sign in, which anybody may send.
pub(crate) const SIGN_IN_BYTES: usize = 8 << 10;
/// How long a body may take to come.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(30);
/// Bytes of a request's line and headers.
pub(crate) const HEADER_BYTES: usize = 16 << 10;
/// How long they may take to come, also while a connection idles: longer than from one heartbeat to the next, so that a worker
/// keeps its connection.
pub(crate) const HEADER_TIME: Duration = Duration::from_secs(15);
/// How long a connection may take nothing of its answer.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(30);
/// Connections at once; others wait to be accepted.
pub(crate) const CONNECTIONS: usize = 16_384;
/// How long what is under way has at a stop.
pub(crate) const STOP_TIME: Duration = Duration::from_secs(10);
/// Live streams that a server has open at once.
pub(crate) const VIEWERS: usize = 50;
/// Patterns of types that a stream is for.
pub(crate) const STREAM_PATTERNS: usize = 20;
/// Jobs that a stream watches.
pub(crate) const STREAM_JOBS: usize = 100;
/// Events that a stream tells one by one in a second; more are counted.
pub(crate) const STREAM_ROWS: usize = 20;
/// Types that are counted by themselves where events are.
pub(crate) const MERGED_TYPES: usize = 100;
/// Queues whose jobs a stream tells the numbers of.
pub(crate) const COUNTED_QUEUES: usize = 500;
/// The newest events, which a server with streams keeps in memory without their data: a stream that is further behind is reset.
pub(crate) const STREAM_EVENTS: usize = 10_000;
/// How long a stream is silent.
pub(crate) const STREAM_SILENCE: Duration = Duration::from_secs(15);
/// How often it is asked again whether a stream's caller may.
pub(crate) const STREAM_CHECK: Duration = Duration::from_secs(3);
/// Bytes of a cursor.
pub(crate) const CURSOR_BYTES: usize = 64;
/// Bytes of a note or a reason.
pub(crate) const NOTE_BYTES: usize = windlass::limits::NOTE_BYTES;
/// The longest time that a request can name: 100 years.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// Bytes of a key or a name in a path that is a text of the caller's.
pub(crate) const PATH_TEXT_BYTES: usize = 512;
/// Due times of one preview.
pub(crate) const PREVIEW: u16 = 100;
/// Log lines of one answer, unless asked for.
pub(crate) const LOG: u16 = 100;
/// Log lines of one answer at most.
pub(crate) const LARGEST_LOG: u16 = 1_000;
/// Newest duplicates, unless asked for.
pub(crate) const DUPLICATES: u16 = 25;
/// Newest duplicates at most.
pub(crate) const LARGEST_DUPLICATES: u16 = 1_000;
/// How long a request may wait for the end of a job.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Bytes of what a problem says of one place.
pub(crate) const DETAIL_BYTES: usize = 1_000;
/// Bytes of the name of that place.
pub(crate) const POINTER_BYTES: usize = 500;
/// Bytes of an idempotency key.
pub(crate) const KEY_BYTES: usize = 255;
/// Breaks of the audit's chain that one answer names.
pub(crate) const BROKEN: usize = 100;
/// How old the numbers of `/metrics` may be: so often the store is asked for them at most.
pub(crate) const MEASURED_EVERY: Duration = Duration::from_secs(5);
/// Bytes of the name of a zone.
pub(crate) const ZONE_BYTES: usize = 64;
