//! What the leader does for all.

pub(crate) mod age;
pub(crate) mod expire;
pub(crate) mod move_aside;
pub(crate) mod sweep;
pub(crate) mod tidy;
pub(crate) mod walk;

use windlass_core::id::WorkerId;
use windlass_core::maintenance::{MaintenanceStore, Swept, Tidied};
use windlass_core::store::{Now, Reply};

use crate::condition::pass::pass;
use crate::maintenance::age::age;
use crate::maintenance::expire::{Expiring, expire};
use crate::maintenance::move_aside::move_aside;
use crate::store::PostgresStore;

impl MaintenanceStore for PostgresStore {
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        Box::pin(async move {
            let mut round = sweep::sweep(&self.claims, &self.seen_start, worker, now).await?;
            if round.has_expired {
                let (expired, next) = expire(&self.claims, Expiring::Any, now).await?;
                round.swept.expired = expired;
                round.swept.next_due = round.swept.next_due.into_iter().chain(next).min();
            }
            if round.has_pauses {
                let aside = move_aside(&self.claims, now).await?;
                round.swept.moved_aside = aside.moved + aside.came_back;
                if aside.is_full() {
                    round.swept.next_due = Some(std::time::Duration::ZERO);
                }
                if aside.came_back > 0 {
                    self.wakeups.work_anywhere();
                }
            }
            if round.has_agings {
                let (aged, is_full) = age(&self.claims, now).await?;
                round.swept.aged = aged;
                if is_full {
                    round.swept.next_due = Some(std::time::Duration::ZERO);
                }
            }
            if round.has_orphans {
                sweep::rescue(&self.claims, &mut round.swept, now).await?;
            }
            if round.has_moments {
                let (changed, is_full) = pass(&self.claims, self.keeps_completed(), now).await?;
                round.swept.conditions = changed;
                if is_full {
                    round.swept.next_due = Some(std::time::Duration::ZERO);
                }
            }
            if round.swept.promoted + round.swept.rescued + round.swept.conditions > 0 {
                self.wakeups.work_anywhere();
            }
            Ok(round.swept)
        })
    }

    fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
        Box::pin(async move {
            let walks = (&self.key_walk, &self.walks);
            let tidied = tidy::tidy(&self.claims, &self.shared, walks, now).await?;
            if tidied.unparked > 0 {
                self.wakeups.work_anywhere();
            }
            Ok(tidied)
        })
    }
}
