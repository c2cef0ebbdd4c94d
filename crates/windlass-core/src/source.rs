//! Sources: where events come from that somebody else keeps, such as a feed over HTTP.
//!
//! One worker at a time holds a source and asks its [`Upstream`] for a page behind a [`Position`]. What the page means is decided
//! here, without I/O; a store writes that and the new position in one transaction, conditional on the position that it was asked
//! behind and on the *epoch*, which changes with each holder. So a page is imported once or not at all, whichever process was killed or frozen.

mod ask;
mod fnv;
mod gap;
mod import;
mod judge;
mod options;
mod page;
mod record;
mod store;
mod upstream;

pub use ask::Reimported;
pub use gap::{Lack, NewGap, OnGap, ParseWordError, SourceGap};
pub use import::{ImportPage, Imported, Quarantined, Stop};
pub use judge::{Asked, Behind, Ends, Judged, judge};
pub use options::{Numbers, SourceOptions};
pub use page::{Page, Position, Read, Record, Unreadable};
pub use record::{QuarantineRecord, SourceRecord, SourceState};
pub use store::{Held, Hold, Holding, Release, Reset, Said, SourceStore};
pub(crate) use upstream::AnyUpstream;
pub use upstream::{Upstream, UpstreamError};

/// The type of the event that tells of a gap.
pub const GAP_EVENT: &str = "windlass.source.gap";
