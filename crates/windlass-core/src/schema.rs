//! Schema versions: which of them a program can work on. Each store counts its own.

use crate::error::{StoreError, Unusable};

/// Refuses a schema that is missing, older or newer than the version that this program knows.
///
/// # Errors
/// Says which it is, and whether to migrate or to update the program.
pub fn check(found: u32, known: u32) -> Result<(), StoreError> {
    refuse_newer(found, known)?;
    if found < known {
        return refuse(format!(
            "the schema is at version {found}, this program needs {known}; run `windlass migrate`"
        ));
    }
    Ok(())
}

/// Refuses a schema that is newer than the version that this program knows.
///
/// # Errors
/// Says so.
pub fn refuse_newer(found: u32, known: u32) -> Result<(), StoreError> {
    if found > known {
        return refuse(format!(
            "the schema is at version {found}, newer than this program knows ({known}); update this program"
        ));
    }
    Ok(())
}

fn refuse(reason: String) -> Result<(), StoreError> {
    Err(StoreError::Unusable { reason, kind: Unusable::Schema })
}
