//! The verb of changes that expect something.

mod change;

use windlass_core::edit::{Edit, EditStore, Edited, Expected};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl EditStore for PostgresStore {
    fn edit<'a>(&'a self, edit: &'a Edit, expected: &'a Expected, now: Now) -> Reply<'a, Edited> {
        Box::pin(async move {
            let edited = change::change(&self.transactions, edit, expected, now).await?;
            self.wakeups.work_anywhere();
            self.wakeups.news();
            Ok(edited)
        })
    }
}
