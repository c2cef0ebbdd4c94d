//! The verbs of workers.

pub(crate) mod build;
pub(crate) mod heartbeat;
pub(crate) mod label;
pub(crate) mod leave;
pub(crate) mod list;
pub(crate) mod quiet;
pub(crate) mod register;
pub(crate) mod stop;

use crate::job::claim_cursor::{self, Storing};
use crate::job::release::release_all;
use crate::limit;
use windlass_core::id::WorkerId;
use windlass_core::store::{Now, Reply};
use windlass_core::worker::{
    Beat, LivesWith, MinimumBuild, Quiet, Registration, Renewal, RequiredBuild, WorkerRecord,
    WorkerStore,
};

use crate::connection::watch::{Hearing, guard_key};
use crate::store::PostgresStore;

impl WorkerStore for PostgresStore {
    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, Vec<MinimumBuild>> {
        Box::pin(async move {
            self.check_connections()?;
            let heard = self.watch.hear(worker.worker, worker.lives_with).await;
            let is_guarded = heard == Hearing::Heard && worker.lives_with == LivesWith::Process;
            let guard = is_guarded.then(|| guard_key(worker.worker));
            let required = register::register(&self.claims, worker, guard, now).await?;
            for (limit, by) in &worker.limits {
                limit::set::set(&(&self.claims, &*self.waiting), limit, (*by, None), now).await?;
            }
            self.cursors.adopt(claim_cursor::find(&self.claims, &worker.queues).await?);
            self.remember(worker, heard);
            Ok(required)
        })
    }

    fn heartbeat(&self, worker: WorkerId, renewal: Renewal, now: Now) -> Reply<'_, Beat> {
        Box::pin(heartbeat::heartbeat(&self.writes, worker, renewal, now))
    }

    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
        Box::pin(async move {
            release_all(&self.writes, worker, now).await?;
            leave::remove(&self.writes, worker).await?;
            self.forget(worker);
            claim_cursor::store(&self.claims, self.cursors.to_store(Storing::AtLast)).await?;
            Ok(())
        })
    }

    fn quiet(&self, worker: WorkerId, wish: Quiet, _now: Now) -> Reply<'_, bool> {
        Box::pin(async move {
            let found = quiet::quiet(&self.writes, worker, wish).await?;
            // One of this process needs no connection that listens.
            self.wakeups.news_for(worker);
            Ok(found)
        })
    }

    fn stop_worker(&self, worker: WorkerId, _now: Now) -> Reply<'_, bool> {
        Box::pin(async move {
            let found = stop::stop(&self.writes, worker).await?;
            self.wakeups.news_for(worker);
            Ok(found)
        })
    }

    fn require_build<'a>(&'a self, minimum: &'a MinimumBuild, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            build::require(&*self.writes, minimum, now).await?;
            self.wakeups.news();
            Ok(())
        })
    }

    fn allow_builds<'a>(&'a self, program: &'a str) -> Reply<'a, bool> {
        Box::pin(async move {
            let found = build::allow(&*self.writes, program).await?;
            self.wakeups.news();
            Ok(found)
        })
    }

    fn required_builds(&self) -> Reply<'_, Vec<RequiredBuild>> {
        Box::pin(build::required(&self.claims))
    }

    fn workers(&self) -> Reply<'_, Vec<WorkerRecord>> {
        Box::pin(list::workers(&self.claims))
    }
}
