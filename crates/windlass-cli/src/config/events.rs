//! `[events]`: how long events stay in the log.

use windlass::event::Keep;

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 2] = ["keep", "keep_at_most"];

pub(super) fn read(table: &Table<'_, '_>) -> Result<Option<Keep>, ConfigError> {
    let at_most = table.positive_duration("keep_at_most")?;
    let Some(at_least) = table.positive_duration("keep")? else {
        return match at_most {
            None => Ok(None),
            Some(_) => {
                Err(table.error("keep_at_most", "needs keep, the time that is kept at least"))
            }
        };
    };
    let keep = Keep { at_least, at_most };
    keep.check().map_err(|error| table.error("keep", error))?;
    Ok(Some(keep))
}
