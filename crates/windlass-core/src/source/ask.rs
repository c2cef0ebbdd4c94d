//! Sources through a client.

use serde::Serialize;

use super::judge::whole;
use super::{QuarantineRecord, Read, Release, Reset, SourceGap, SourceRecord, Upstream};
use crate::client::Client;
use crate::error::{Refusal, StoreError};
use crate::id::EventId;
use crate::json::storable_text;
use crate::limits::{CURSOR_BYTES, LISTED, NOTE_BYTES};
use crate::name::check_source;
use crate::reply::Now;

/// Records that are read again at a time.
const AT_ONCE: usize = 100;

/// What came of reading again what was put aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reimported {
    /// Records that are events now.
    pub imported: u64,
    /// Records that stay put aside.
    pub kept: u64,
    /// Why the first of those does.
    pub reason: Option<String>,
}

/// Sources. Every call that acts is committed when it returns; the worker that reads the source learns of it within a third of
/// the time that it holds it for, which is 10 s, and imports nothing by its old look.
impl Client {
    /// All sources, by name.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn sources(&self) -> Result<Vec<SourceRecord>, StoreError> {
        self.store().sources().await
    }

    /// One source.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn source(&self, name: &str) -> Result<Option<SourceRecord>, StoreError> {
        self.store().source(checked(name)?).await
    }

    /// What a source lacks, the newest first; at most 1,000.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn source_gaps(&self, name: &str, most: usize) -> Result<Vec<SourceGap>, StoreError> {
        self.store().source_gaps(checked(name)?, most.min(LISTED)).await
    }

    /// Says that the gap of which this event tells is closed: what was lacking has been got in another way. Whether it was open.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn close_source_gap(&self, name: &str, event: EventId) -> Result<bool, StoreError> {
        let name = checked(name)?;
        Ok(self.store().close_source_gaps(name, Some(event), Now::Database).await? > 0)
    }

    /// Says that all gaps of a source are closed; how many were open.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn close_source_gaps(&self, name: &str) -> Result<u64, StoreError> {
        self.store().close_source_gaps(checked(name)?, None, Now::Database).await
    }

    /// Has a source stand still until it is resumed. `false` where there is no such source.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn pause_source(&self, name: &str, note: Option<&str>) -> Result<bool, StoreError> {
        let note = note.map(|note| storable_text(note, NOTE_BYTES));
        self.store().pause_source(checked(name)?, note.as_deref(), Now::Database).await
    }

    /// Has a source go on: a paused one where it stood, one that has stopped at a gap behind that. `false` where none stands still.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn resume_source(&self, name: &str) -> Result<bool, StoreError> {
        self.store().resume_source(checked(name)?, Now::Database).await
    }

    /// Has a source go on elsewhere: with the oldest record of its feed, or behind a cursor. Records that it has imported before
    /// and that have an id or a number do not become events once more. `false` where there is no such source.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the cursor cannot be stored, otherwise what kept the store from writing.
    pub async fn reset_source(&self, name: &str, to: Reset<'_>) -> Result<bool, StoreError> {
        if let Some(cursor) = to.cursor() {
            if let Some(at) = cursor.find('\0') {
                return Err(Refusal::Nul { what: "a cursor", at }.into());
            }
            if cursor.len() > CURSOR_BYTES {
                let what = format!(
                    "a cursor of {} bytes is above the limit of {CURSOR_BYTES}",
                    cursor.len()
                );
                return Err(StoreError::Conflict { what });
            }
        }
        self.store().reset_source(checked(name)?, to, Now::Database).await
    }

    /// Removes a source with what was put aside; its events stay. A program that declares it makes it again, and reads its feed
    /// from the oldest record on. `false` where there is no such source.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn remove_source(&self, name: &str) -> Result<bool, StoreError> {
        self.store().remove_source(checked(name)?).await
    }

    /// Records that were put aside, behind this one, the oldest first; at most 1,000.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn quarantined(
        &self,
        name: &str,
        after: u64,
        most: usize,
    ) -> Result<Vec<QuarantineRecord>, StoreError> {
        self.store().quarantined(checked(name)?, after, most.min(LISTED)).await
    }

    /// Reads again what was put aside, as after an upgrade: what is an event now is published.
    ///
    /// # Errors
    /// What kept the store from writing: records before that are imported.
    pub async fn reimport(
        &self,
        name: &str,
        upstream: &impl Upstream,
    ) -> Result<Reimported, StoreError> {
        let (mut done, mut after) = (Reimported::default(), 0);
        loop {
            let records = self.store().quarantined(checked(name)?, after, AT_ONCE).await?;
            let Some(last) = records.last() else { return Ok(done) };
            after = last.id;
            let mut released = Vec::new();
            for record in &records {
                match reread(name, upstream, record) {
                    Ok(event) => released.push(Release { id: record.id, event: Some(event) }),
                    Err(reason) => {
                        done.kept += 1;
                        done.reason.get_or_insert(reason);
                    }
                }
            }
            let gone = self.store().release_quarantined(name, &released, Now::Database).await?;
            done.imported += gone.into_iter().filter(|gone| *gone).count() as u64;
        }
    }

    /// Throws away records that were put aside; how many were there.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn discard_quarantined(&self, name: &str, ids: &[u64]) -> Result<u64, StoreError> {
        let released: Vec<_> = ids.iter().map(|id| Release { id: *id, event: None }).collect();
        let gone =
            self.store().release_quarantined(checked(name)?, &released, Now::Database).await?;
        Ok(gone.into_iter().filter(|gone| *gone).count() as u64)
    }
}

fn checked(name: &str) -> Result<&str, StoreError> {
    check_source(name).map_err(Refusal::from)?;
    Ok(name)
}

fn reread(
    name: &str,
    upstream: &impl Upstream,
    record: &QuarantineRecord,
) -> Result<crate::event::NewEvent, String> {
    if record.is_cut {
        return Err("it was not kept as the feed gave it".to_owned());
    }
    match upstream.reread(&record.body) {
        Ok(Read::Record(read)) => {
            let number = read.number.or(record.number);
            let whole = whole(read.event, (name, number, record.generation));
            whole.map_err(|quarantined| quarantined.reason)
        }
        Ok(Read::Unreadable(unreadable)) => Err(unreadable.reason),
        Err(error) => Err(error.text().to_owned()),
    }
}
