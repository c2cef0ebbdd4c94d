//! The verb of changes that expect something.

mod change;

use windlass_core::edit::{Edit, EditStore, Edited, Expected};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl EditStore for SqliteStore {
    fn edit<'a>(&'a self, edit: &'a Edit, expected: &'a Expected, now: Now) -> Reply<'a, Edited> {
        let (edit, expected) = (edit.clone(), expected.clone());
        Box::pin(async move {
            let edited =
                self.writer.write(move |c| change::change(c, &edit, &expected, at(now))).await?;
            self.wakeups.work_anywhere();
            self.wakeups.news();
            Ok(edited)
        })
    }
}
