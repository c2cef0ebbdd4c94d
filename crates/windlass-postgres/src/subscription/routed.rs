//! Jobs that come of events, as arrays for a statement.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::job::NewJob;

use crate::connection::Bind;

/// Their columns.
pub(super) struct RoutedJobs<'a> {
    ids: Vec<Uuid>,
    queues: Vec<&'a str>,
    kinds: Vec<&'a str>,
    versions: Vec<i16>,
    limits: Vec<Option<i16>>,
    roots: Vec<Option<Uuid>>,
    parents: Vec<Option<Uuid>>,
    metas: Vec<Option<String>>,
}

impl<'a> RoutedJobs<'a> {
    pub(super) fn of(jobs: &'a [NewJob]) -> Self {
        Self {
            ids: jobs.iter().map(|job| job.id.as_uuid()).collect(),
            queues: jobs.iter().map(|job| job.queue.as_str()).collect(),
            kinds: jobs.iter().map(|job| job.kind.as_str()).collect(),
            versions: jobs.iter().map(|job| job.version.cast_signed()).collect(),
            limits: jobs.iter().map(|job| job.max_attempts.map(u16::cast_signed)).collect(),
            roots: jobs.iter().map(|job| job.root.map(|id| id.as_uuid())).collect(),
            parents: jobs.iter().map(|job| job.parent.map(|id| id.as_uuid())).collect(),
            metas: jobs.iter().map(NewJob::stored_meta).collect(),
        }
    }

    pub(super) fn binds(&self) -> [Bind<'_>; 8] {
        [
            (&self.ids, Type::UUID_ARRAY),
            (&self.queues, Type::TEXT_ARRAY),
            (&self.kinds, Type::TEXT_ARRAY),
            (&self.versions, Type::INT2_ARRAY),
            (&self.limits, Type::INT2_ARRAY),
            (&self.roots, Type::UUID_ARRAY),
            (&self.parents, Type::UUID_ARRAY),
            (&self.metas, Type::TEXT_ARRAY),
        ]
    }
}
