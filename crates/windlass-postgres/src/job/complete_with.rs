//! A completion with what follows it, in one transaction.

use windlass_core::error::StoreError;
use windlass_core::event::NewEvent;
use windlass_core::job::{Completion, Fence, NewJob, Settled};
use windlass_core::store::Now;

use crate::connection::in_schema;
use crate::connection::transaction::{Transaction, Transactions};
use crate::event::publish;
use crate::job::statement::{Statement, Value};
use crate::job::{statement, unique};
use crate::row::get;

/// A request to cancel that was committed before the lease was locked; a statement of its own sees it.
const FORGET: &str = "delete from windlass.cancel_request where job = $1::text::uuid";

/// Completes the job, and writes what follows. [`Settled::Lost`] where the lease was not free: nothing is written then.
pub(crate) async fn complete_with(
    transactions: &Transactions,
    fence: &Fence,
    what: &Completion,
    now: Now,
) -> Result<Settled, StoreError> {
    let mut session = transactions.session().await?;
    let transaction = session.begin().await?;
    match write(&transaction, (fence, what), (transactions.schema(), now)).await {
        Ok(Settled::Done) => transaction.commit().await.map(|()| Settled::Done),
        Ok(other) => transaction.roll_back().await.map(|()| other),
        // Until it is rolled back its lease is locked, and another settlement of the job would find it busy.
        Err(refused) => {
            let _ = transaction.roll_back().await;
            Err(refused)
        }
    }
}

async fn write(
    transaction: &Transaction<'_>,
    (fence, what): (&Fence, &Completion),
    place: (&str, Now),
) -> Result<Settled, StoreError> {
    let (schema, _) = place;
    let done = statement::finish_after(fence, (what.output.as_ref(), what.ran), place);
    let rows = transaction.query(&done).await?;
    let written: i64 = rows.first().map_or(Ok(0), |row| get(row, 0))?;
    if written == 0 {
        return Ok(Settled::Lost);
    }
    transaction.query(&forget(fence, schema)).await?;
    enqueue(transaction, &what.jobs, place).await?;
    announce(transaction, &what.events, place).await?;
    Ok(Settled::Done)
}

fn forget(fence: &Fence, schema: &str) -> Statement {
    let job = Value::Text(Some(fence.job.id.as_uuid().to_string()));
    Statement { sql: in_schema(FORGET, schema), binds: vec![job] }
}

async fn enqueue(
    transaction: &Transaction<'_>,
    jobs: &[NewJob],
    (schema, now): (&str, Now),
) -> Result<(), StoreError> {
    if jobs.is_empty() {
        return Ok(());
    }
    if !unique::look_at_others(jobs) {
        return transaction.query(&statement::enqueue_all_at(jobs, schema, now)).await.map(drop);
    }
    let rows = transaction.query(&unique::statement_at(jobs, schema, now)).await?;
    let texts = rows.iter().map(|row| get(row, 0));
    unique::answers(jobs, texts.collect::<Result<Vec<&str>, _>>()?).map(drop)
}

async fn announce(
    transaction: &Transaction<'_>,
    events: &[NewEvent],
    (schema, now): (&str, Now),
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    transaction.query(&publish::statement_at(events, schema, now)).await.map(drop)
}
