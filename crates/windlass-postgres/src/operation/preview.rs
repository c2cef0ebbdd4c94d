//! What an operation would find.

use std::time::Instant;

use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::job::Filter;
use windlass_core::limits::OPERATION_COUNT;
use windlass_core::operation::{NewOperation, Preview};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use super::find::{Walk, Wanted};
use crate::connection::Connection;
use crate::connection::transaction::{Transaction, Transactions};
use crate::job::find;

/// Rows counted between two looks at the time.
const LOOK: usize = 50_000;

pub(super) async fn preview(
    (operations, connection): (&Transactions, &Connection),
    new: &NewOperation,
    (samples, now): (usize, Now),
) -> Result<Preview, StoreError> {
    let (mut preview, found) = {
        let mut session = operations.session().await?;
        let transaction = session.begin().await?;
        let now = transaction.now(now).await?;
        let filter = new.filter.clone().frozen(now);
        let preview = count(&transaction, (&filter, now)).await?;
        let found = some(&transaction, (&filter, now), samples.min(least(preview.jobs))).await?;
        transaction.roll_back().await?;
        (preview, found)
    };
    preview.samples = find::these(connection, &found).await?;
    preview.samples.reverse();
    Ok(preview)
}

fn least(jobs: u64) -> usize {
    usize::try_from(jobs).unwrap_or(usize::MAX)
}

async fn some(
    transaction: &Transaction<'_>,
    (filter, at): (&Filter, Timestamp),
    most: usize,
) -> Result<Vec<Uuid>, StoreError> {
    let wanted = Wanted::new(transaction, filter, (at, None, LOOK)).await?;
    let mut found = Vec::new();
    let mut walk = Walk::BEGIN;
    while found.len() < most && !walk.is_over() {
        let (ids, onward) = wanted.next(transaction, (walk, most - found.len())).await?;
        found.extend(ids);
        walk = onward;
    }
    Ok(found)
}

/// How many match, by state, as far as the time allows.
pub(super) async fn count(
    transaction: &Transaction<'_>,
    (filter, at): (&Filter, Timestamp),
) -> Result<Preview, StoreError> {
    let began = Instant::now();
    let wanted = Wanted::new(transaction, filter, (at, None, LOOK)).await?;
    let mut preview = Preview { exact: true, ..Preview::default() };
    let mut walk = Walk::BEGIN;
    while !walk.is_over() {
        if began.elapsed() > OPERATION_COUNT {
            preview.exact = false;
            break;
        }
        let (counted, onward) = wanted.count(transaction, walk).await?;
        for (state, jobs) in counted {
            preview.jobs += jobs;
            *preview.states.entry(state).or_default() += jobs;
        }
        walk = onward;
    }
    Ok(preview)
}
