use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::claimed::Ended;
use super::design::Sends;
use super::marks::Marks;

const RETRY_DELAY: Duration = Duration::from_secs(5);

/// Ended jobs as the parameters of a settle statement: an array per column.
#[derive(Default)]
pub struct Columns<'j> {
    leases: Vec<Uuid>,
    lease: Vec<Uuid>,
    position: Vec<i16>,
    id: Vec<Uuid>,
    state: Vec<i16>,
    output: Vec<&'j str>,
    due_at: Vec<SystemTime>,
    started_at: Vec<SystemTime>,
    finished_at: Vec<SystemTime>,
    queue: Vec<&'j str>,
    kind: Vec<&'j str>,
    version: Vec<i16>,
    priority: Vec<i16>,
    attempt: Vec<i16>,
    run_at: Vec<SystemTime>,
    created_at: Vec<SystemTime>,
    args: Vec<&'j str>,
    meta: Vec<Option<&'j str>>,
    history: Vec<Option<&'j Value>>,
    marks: Vec<Marks>,
}

impl<'j> Columns<'j> {
    pub fn of(ended: &'j [Ended], sends: Sends) -> Self {
        let mut columns = Columns::default();
        columns.mark(ended, sends);
        for end in ended {
            columns.add_outcome(end);
            if sends != Sends::Outcome {
                columns.add_job(end);
            }
        }
        columns
    }

    pub fn params(&self, sends: Sends) -> Vec<&(dyn ToSql + Sync)> {
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![
            &self.leases,
            &self.lease,
            &self.position,
            &self.id,
            &self.state,
            &self.output,
            &self.due_at,
            &self.started_at,
            &self.finished_at,
        ];
        let job: [&(dyn ToSql + Sync); 10] = [
            &self.queue,
            &self.kind,
            &self.version,
            &self.priority,
            &self.attempt,
            &self.run_at,
            &self.created_at,
            &self.args,
            &self.meta,
            &self.history,
        ];
        if sends != Sends::Outcome {
            params.extend(job);
        }
        if sends == Sends::JobAndMarks {
            params.push(&self.marks);
        }
        params
    }

    fn mark(&mut self, ended: &[Ended], sends: Sends) {
        let mut marks: HashMap<Uuid, Marks> = HashMap::new();
        for Ended { job, .. } in ended {
            let marks = marks.entry(job.lease).or_insert_with(|| Marks::none(job.lease_size));
            if sends == Sends::JobAndMarks {
                marks.set(job.position);
            }
        }
        (self.leases, self.marks) = marks.into_iter().unzip();
    }

    fn add_outcome(&mut self, end: &'j Ended) {
        self.lease.push(end.job.lease);
        self.position.push(end.job.position);
        self.id.push(end.job.id);
        self.state.push(end.state);
        self.output.push(&end.output);
        self.due_at.push(end.finished_at + RETRY_DELAY);
        self.started_at.push(end.job.started_at);
        self.finished_at.push(end.finished_at);
    }

    fn add_job(&mut self, end: &'j Ended) {
        self.queue.push(&end.job.queue);
        self.kind.push(&end.job.kind);
        self.version.push(end.job.version);
        self.priority.push(end.job.priority);
        self.attempt.push(end.job.attempt);
        self.run_at.push(end.job.run_at);
        self.created_at.push(end.job.created_at);
        self.args.push(&end.job.args);
        self.meta.push(end.job.meta.as_deref());
        self.history.push(end.job.history.as_ref());
    }
}
