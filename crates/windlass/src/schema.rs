//! Transactions on a store whose tables are in another schema than `windlass`.
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, Fence, NewJob};
use windlass_core::json::Json;

use crate::target::{EnqueueOn, FinishOn};

/// A PostgreSQL transaction and the schema that the store's URL names; see [`in_schema`].
#[derive(Debug)]
pub struct InSchema<'s, T> {
    schema: &'s str,
    transaction: T,
}

/// This transaction, for a store opened with `schema=…`: enqueue on it, or finish a job in it.
///
/// # Errors
/// When this cannot be a schema's name: small letters, digits and `_` only.
pub fn in_schema<T>(schema: &str, transaction: T) -> Result<InSchema<'_, T>, StoreError> {
    windlass_postgres::check_schema(schema)?;
    Ok(InSchema { schema, transaction })
}

impl<T: EnqueueOn + Send> EnqueueOn for InSchema<'_, T> {
    async fn write(self, job: NewJob, _schema: &str) -> Result<Enqueued, StoreError> {
        self.transaction.write(job, self.schema).await
    }
}

impl<T: FinishOn + Send> FinishOn for InSchema<'_, T> {
    async fn finish(
        self,
        fence: Fence,
        output: Option<Json>,
        _schema: &str,
    ) -> Result<bool, StoreError> {
        self.transaction.finish(fence, output, self.schema).await
    }
}
