//! The list of workers.

use windlass_core::error::StoreError;
use windlass_core::worker::WorkerRecord;

use crate::connection::Connection;
use crate::row::worker;

const WORKERS: &str = "select w.id, w.label, w.host, w.pid, w.build, w.queues, w.handlers, w.slots, w.started_at, \
     w.seen_at, w.expires_at, w.quiet, \
     coalesce((select sum(unsettled) from windlass.lease l where l.worker = w.id), 0)::int8, \
     m.programs, m.versions, m.notes, w.remote, w.stopping, w.kind_slots, w.claimed_at \
     from windlass.worker w, (select array_agg(program order by program) as programs, \
       array_agg(version order by program) as versions, array_agg(note order by program) as notes \
       from windlass.minimum_build) as m order by w.id";

pub(crate) async fn workers(connection: &Connection) -> Result<Vec<WorkerRecord>, StoreError> {
    connection.query(WORKERS, &[]).await?.iter().map(worker).collect()
}
