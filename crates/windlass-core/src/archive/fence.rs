//! New leases: what somebody claimed in the store that the rows come of is not his here.

use uuid::Uuid;

use crate::archive::{Form, Page, Value};

/// Gives leases and workers other ids, the same each time it is asked, which nobody outside can know.
///
/// A running job so comes as one whose worker has died, under a lease of its own: the first sweep takes it back as lost, by the same rules
/// as always, and a worker that claimed it before is refused.
#[derive(Debug, Clone, Copy)]
pub struct Fence(u128);

impl Fence {
    /// A fence by chance.
    #[must_use]
    pub fn by_chance() -> Self {
        Self(Uuid::new_v4().as_u128())
    }

    /// The fence that was written down as this.
    #[must_use]
    pub const fn of(id: Uuid) -> Self {
        Self(id.as_u128())
    }

    /// As it can be written down.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        Uuid::from_u128(self.0)
    }

    /// Puts the rows of a page behind it. The lease is made of the job in the same row, so that each job has one of its own.
    pub fn pass(self, page: &mut Page) {
        let columns = page.table.columns;
        let of = |form| columns.iter().position(|column| column.form == form);
        let (lease, worker) = (of(Form::Lease), of(Form::Worker));
        let job = columns.iter().position(|column| column.form == Form::Id);
        for row in &mut page.rows {
            if let (Some(lease), Some(job)) = (lease, job)
                && let Value::Id(job) = row[job]
            {
                row[lease] = Value::Id(self.other(job));
            }
            if let Some(worker) = worker
                && let Value::Id(id) = row[worker]
            {
                row[worker] = Value::Id(self.other(id));
            }
        }
    }

    const fn other(self, id: Uuid) -> Uuid {
        Uuid::from_u128(id.as_u128() ^ self.0)
    }
}
