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

/// What a store says of a move that has begun.
#[derive(Debug)]
pub enum Moving {
    /// What it holds goes there.
    Goes(String),
    /// What it held is there.
    Gone(String),
    /// What another one holds comes here.
    Comes(String),
}

/// Refuses a store whose rows are on their way.
///
/// # Errors
/// Says where to, and how that ends.
pub fn refuse_moving(moving: &Moving) -> Result<(), StoreError> {
    let reason = match moving {
        Moving::Goes(to) => format!(
            "what this store holds is being moved to {to}: say `windlass move` again to go on with it, or `windlass move --undo` to use this one"
        ),
        Moving::Gone(to) => format!(
            "what this store held was moved to {to}: use that one, or say `windlass move --undo` to use this one again"
        ),
        Moving::Comes(from) => format!(
            "this store is being filled from {from}: say `windlass move` again to go on with it, or `windlass move --undo` to empty it"
        ),
    };
    Err(StoreError::Unusable { reason, kind: Unusable::Server })
}

fn refuse(reason: String) -> Result<(), StoreError> {
    Err(StoreError::Unusable { reason, kind: Unusable::Schema })
}
