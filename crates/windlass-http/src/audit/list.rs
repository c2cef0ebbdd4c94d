//! Entries of the audit, and whether they are those that were written.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::StoreError;
use windlass::audit::{Broken, Chain, EntriesWanted, Entry};
use windlass::limits::ACT_BYTES;
use windlass::redact::Redaction;
use windlass::store::Store;

use super::document::{ActBody, AuditCheckBody, document};
use crate::access::{Admin, May};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::check;
use crate::extract::Asked;
use crate::limits::BROKEN;
use crate::page::{self, PageCursor};
use crate::problem::Problem;

/// Entries that are read at a time.
const STEP: usize = 1_000;

/// Which acts, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Those of this actor.
    #[param(max_length = 600)]
    actor: Option<String>,
    /// Those that were done to this, such as `queues/mail`.
    #[param(max_length = 600)]
    target: Option<String>,
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page.
    cursor: Option<String>,
}

/// List acts
///
/// The newest first. They are kept for 400 days.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "audit",
    params(Wanted),
    responses((status = 200, description = "A page of acts.", body = Items<Document<ActBody>>))
)]
pub(super) async fn list(
    _may: May<Admin>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    check::parameter("actor", wanted.actor.as_deref(), ACT_BYTES)?;
    check::parameter("target", wanted.target.as_deref(), ACT_BYTES)?;
    let size = page::size(wanted.limit)?;
    let place = PageCursor::of(wanted.cursor.as_deref())?;
    let before = place.start;
    let Wanted { actor, target, .. } = wanted;
    let found = api.store().acts(&EntriesWanted { before, actor, target, limit: size + 1 }).await?;
    let found: Vec<Entry> = found.into_iter().map(|entry| shown(entry, api.redaction())).collect();
    Ok(page::answer(&found, (&place, size), |entry: &Entry| entry.number, document))
}

/// An entry as it is shown: what was asked for may have what is hidden elsewhere.
#[must_use]
pub fn shown(mut entry: Entry, redaction: &Redaction) -> Entry {
    let act = &mut entry.act;
    for document in [&mut act.asked, &mut act.before, &mut act.after].into_iter().flatten() {
        *document = redaction.document(document).into_owned();
    }
    entry
}

/// Verify the audit
///
/// Reads all entries, and says which were changed, removed or moved since they were written.
#[utoipa::path(
    get,
    path = "/audit/verify",
    tag = "audit",
    responses((status = 200, description = "What was found.", body = Document<AuditCheckBody>))
)]
pub(super) async fn verify(_may: May<Admin>, State(api): State<Api>) -> Result<Response, Problem> {
    Ok(ok(&check(api.store()).await?.document()))
}

/// What a look at all entries has found.
#[derive(Debug)]
pub struct Checked {
    /// Entries that were looked at.
    pub entries: u64,
    /// The entry behind which the look began.
    pub begins_behind: u64,
    /// The last entry.
    pub chain: Chain,
    /// What is wrong, the first 100.
    pub broken: Vec<Broken>,
}

/// Looks at all entries of the audit.
///
/// # Errors
/// When the store cannot be asked.
pub async fn check(store: &dyn Store) -> Result<Checked, StoreError> {
    let start = store.audit_start().await?;
    let (begins_behind, chain) = (start.0, Chain::behind(start));
    let mut checked = Checked { entries: 0, begins_behind, chain, broken: Vec::new() };
    loop {
        let part = store.acts_after(checked.chain.number, STEP).await?;
        for entry in &part {
            checked.entries += 1;
            let found = checked.chain.next(entry).err();
            checked.broken.extend(found.filter(|_| checked.broken.len() < BROKEN));
        }
        if part.len() < STEP {
            return Ok(checked);
        }
    }
}
