//! Seal: no more jobs come to a batch from outside.

use rusqlite::params;
use windlass_core::batch::Sealed;
use windlass_core::error::StoreError;
use windlass_core::id::BatchId;

use crate::condition::cancel_unmet;
use crate::job::settle::SettleContext;
use crate::row::{Digits, one, run};

const WAS: &str = "select sealed from windlass_batch where id = ?1";
const SEAL: &str = "insert into windlass_seal (batch, at) values (?1, ?2)";

pub(super) fn seal(context: &SettleContext<'_>, batch: BatchId) -> Result<Sealed, StoreError> {
    match one::<bool>(context.connection, WAS, [Digits::from(batch)])? {
        None => Ok(Sealed::Missing),
        Some(true) => Ok(Sealed::Before),
        Some(false) => {
            let binds = params![Digits::from(batch), context.now.as_micros()];
            run(context.connection, SEAL, binds)?;
            cancel_unmet(context)?;
            Ok(Sealed::Now)
        }
    }
}
