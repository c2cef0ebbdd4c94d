//! Coalesce: concurrent enqueues outside a transaction share one statement and one commit.
//!
//! While one statement is under way, callers that come are gathered for the next. On one
//! connection this carries several times what the same callers reach on one each.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, NewJob};
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::connection::io::Io;
use crate::error::for_another;
use crate::job::enqueue::enqueue;

/// Jobs of one shared statement.
const TOGETHER: usize = 1_000;
/// Callers that wait before further ones are held back.
const WAITING: usize = 4_096;

/// One caller's jobs.
struct Call {
    jobs: Vec<NewJob>,
    now: Now,
    reply: oneshot::Sender<Result<Vec<Enqueued>, StoreError>>,
}

/// Where callers put their jobs.
#[derive(Debug, Clone)]
pub(crate) struct Coalescer {
    calls: mpsc::Sender<Call>,
}

impl Coalescer {
    pub(crate) fn start(io: &Io, connection: Arc<Connection>) -> Self {
        let (calls, waiting) = mpsc::channel(WAITING);
        io.spawn(serve(connection, waiting));
        Self { calls }
    }

    pub(crate) async fn enqueue(
        &self,
        jobs: Vec<NewJob>,
        now: Now,
    ) -> Result<Vec<Enqueued>, StoreError> {
        let closed = || StoreError::Unavailable { reason: "the store is closed".to_owned() };
        let (reply, answer) = oneshot::channel();
        self.calls.send(Call { jobs, now, reply }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

async fn serve(connection: Arc<Connection>, mut waiting: mpsc::Receiver<Call>) {
    while let Some(first) = waiting.recv().await {
        let mut number = first.jobs.len();
        let mut group = vec![first];
        while number < TOGETHER {
            let Ok(call) = waiting.try_recv() else { break };
            number += call.jobs.len();
            group.push(call);
        }
        write(&connection, group).await;
    }
}

async fn write(connection: &Connection, group: Vec<Call>) {
    if let [call] = group.as_slice() {
        let answer = enqueue(connection, &call.jobs, call.now).await;
        return answer_all(group, answer);
    }
    let jobs: Vec<NewJob> = group.iter().flat_map(|call| call.jobs.iter().cloned()).collect();
    let same_clock = group.iter().all(|call| call.now == group[0].now);
    if same_clock {
        match enqueue(connection, &jobs, group[0].now).await {
            // What one caller's jobs are refused for must not hit the others.
            Err(error) if !error.is_passing() => {}
            answer => return answer_all(group, answer),
        }
    }
    for call in group {
        let answer = enqueue(connection, &call.jobs, call.now).await;
        answer_all(vec![call], answer);
    }
}

/// Gives each caller its part of the answer. A caller that stopped waiting has its jobs
/// anyway: they are committed.
fn answer_all(group: Vec<Call>, answer: Result<Vec<Enqueued>, StoreError>) {
    match answer {
        Ok(mut written) => {
            for call in group {
                let rest = written.split_off(call.jobs.len().min(written.len()));
                let _ = call.reply.send(Ok(std::mem::replace(&mut written, rest)));
            }
        }
        Err(error) => {
            let mut calls = group.into_iter();
            let first = calls.next();
            for call in calls {
                let _ = call.reply.send(Err(for_another(&error)));
            }
            if let Some(call) = first {
                let _ = call.reply.send(Err(error));
            }
        }
    }
}
