//! The verbs of workers.

pub(crate) mod alive;
pub(crate) mod build;
pub(crate) mod heartbeat;
pub(crate) mod label;
pub(crate) mod leave;
pub(crate) mod list;
pub(crate) mod quiet;
pub(crate) mod register;
pub(crate) mod stop;

use crate::limit;
use crate::maintenance::tidy;
use crate::store::at;
use crate::store::context;
use windlass_core::id::WorkerId;
use windlass_core::store::{Now, Reply};
use windlass_core::worker::{
    Beat, LivesWith, MinimumBuild, Quiet, Registration, Renewal, RequiredBuild, WorkerRecord,
    WorkerStore,
};

use crate::connection::reader::in_one_snapshot;
use crate::job::release::release;
use crate::lease::leases;
use crate::store::SqliteStore;

impl WorkerStore for SqliteStore {
    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, Vec<MinimumBuild>> {
        Box::pin(async move {
            if worker.lives_with == LivesWith::Process {
                self.alive.hold(worker.worker);
            }
            self.name_worker(worker);
            let owned = worker.clone();
            self.writer
                .write(move |c| {
                    register::register(c, &owned, at(now))?;
                    for (limit, by) in &owned.limits {
                        limit::set::set(c, limit, (*by, None), at(now))?;
                    }
                    tidy::unpark(c, &owned.handlers.iter().cloned().collect())?;
                    build::minimums(c)
                })
                .await
        })
    }

    fn heartbeat(&self, worker: WorkerId, renewal: Renewal, now: Now) -> Reply<'_, Beat> {
        Box::pin(async move {
            self.writer.write(move |c| heartbeat::heartbeat(c, worker, renewal, at(now))).await
        })
    }

    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
        Box::pin(async move {
            let label = self.label(worker);
            self.writer
                .write(move |c| {
                    for lease in leases(c, worker)? {
                        release(&context(c, &label, at(now)), lease)?;
                    }
                    leave::remove(c, worker)
                })
                .await?;
            self.forget_worker(worker);
            Ok(())
        })
    }

    fn quiet(&self, worker: WorkerId, wish: Quiet, _now: Now) -> Reply<'_, bool> {
        Box::pin(async move {
            let found = self.writer.write(move |c| quiet::quiet(c, worker, wish)).await?;
            self.wakeups.news_for(worker);
            Ok(found)
        })
    }

    fn stop_worker(&self, worker: WorkerId, _now: Now) -> Reply<'_, bool> {
        Box::pin(async move {
            let found = self.writer.write(move |c| stop::stop(c, worker)).await?;
            self.wakeups.news_for(worker);
            Ok(found)
        })
    }

    fn require_build<'a>(&'a self, minimum: &'a MinimumBuild, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            let owned = minimum.clone();
            self.writer.write(move |c| build::require(c, &owned, at(now))).await?;
            self.wakeups.news();
            Ok(())
        })
    }

    fn allow_builds<'a>(&'a self, program: &'a str) -> Reply<'a, bool> {
        Box::pin(async move {
            let owned = program.to_owned();
            let found = self.writer.write(move |c| build::allow(c, &owned)).await?;
            self.wakeups.news();
            Ok(found)
        })
    }

    fn required_builds(&self) -> Reply<'_, Vec<RequiredBuild>> {
        Box::pin(self.readers.read(build::required))
    }

    fn workers(&self) -> Reply<'_, Vec<WorkerRecord>> {
        Box::pin(self.readers.read(in_one_snapshot(list::workers)))
    }
}
