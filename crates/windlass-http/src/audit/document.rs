//! An act as JSON: `act.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::audit::{Entry, Via};
use windlass::{Json, Timestamp};

use super::list::Checked;
use crate::answer::Document;
use crate::schema;

/// An act that somebody has done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Act)]
pub struct ActBody<'a> {
    /// Its number; they have no holes.
    number: u64,
    /// When it was done.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// Who has done it: the name of a token, or of a user.
    actor: &'a str,
    /// By which way in.
    #[schema(value_type = schema::Via)]
    via: Via,
    /// From where: an address, a machine.
    origin: Option<&'a str>,
    /// What was done, such as `queues.pause`.
    action: &'a str,
    /// To what, such as `queues/mail`.
    target: &'a str,
    /// What was asked for. Args, data and outputs are left out.
    #[schema(value_type = serde_json::Value)]
    asked: &'a Option<Json>,
    /// Members of the object that were others before; all that can be told where it is gone now.
    #[schema(value_type = serde_json::Value)]
    before: &'a Option<Json>,
    /// The same members as they were afterwards.
    #[schema(value_type = serde_json::Value)]
    after: &'a Option<Json>,
    /// SHA-256 of all that, and of the entry before it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    digest: String,
}

/// An act as `act.v1`.
#[must_use]
pub fn document(entry: &Entry) -> Document<ActBody<'_>> {
    let act = &entry.act;
    let body = ActBody {
        number: entry.number,
        at: entry.at,
        actor: &act.actor,
        via: act.via,
        origin: act.origin.as_deref(),
        action: &act.action,
        target: &act.target,
        asked: &act.asked,
        before: &act.before,
        after: &act.after,
        digest: entry.digest.to_string(),
    };
    Document::new("act.v1", body)
}

/// Whether the entries are those that were written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditCheck)]
pub struct AuditCheckBody {
    /// Whether nothing was found.
    whole: bool,
    /// Entries that were looked at.
    entries: u64,
    /// The entry behind which the look began: the last that was removed since its time of keeping was over.
    begins_behind: u64,
    /// The last entry.
    last: u64,
    /// Its digest. Who keeps it elsewhere sees later whether entries up to it were written again.
    digest: String,
    /// What was found, the first 100.
    #[schema(max_items = 100)]
    broken: Vec<String>,
}

impl Checked {
    /// What was found, as `audit_check.v1`.
    #[must_use]
    pub fn document(&self) -> Document<AuditCheckBody> {
        let body = AuditCheckBody {
            whole: self.broken.is_empty(),
            entries: self.entries,
            begins_behind: self.begins_behind,
            last: self.chain.number,
            digest: self.chain.digest.to_string(),
            broken: self.broken.iter().map(ToString::to_string).collect(),
        };
        Document::new("audit_check.v1", body)
    }
}
