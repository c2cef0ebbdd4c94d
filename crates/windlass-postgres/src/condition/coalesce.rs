//! SignalCoalescer: signals that are sent at the same time, outside a transaction, share one statement and one commit.
//!
//! While one statement is under way, those that come are gathered for the next.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::condition::{Signal, Signalled};
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use super::signal::of_row;
use crate::connection::io::Io;
use crate::connection::patience::{Gate, Try, setting};
use crate::connection::{Bind, Connection};
use crate::error::for_another;

/// Signals of one statement.
const TOGETHER: usize = 256;
/// Bytes of their data, above which no further one is added.
const BYTES: usize = 1 << 20;
/// Callers that wait before further ones are held back.
const WAITING: usize = 4_096;

const SIGNAL_ALL: &str = "select answer, conditions \
     from (select set_config('lock_timeout', $6::text, true) as setting) as patience, \
          lateral windlass.signal_all(coalesce($1::int8, windlass.now_us()), $2::text[], $3::text[], $4::bool[], $5::text[]) \
     where patience.setting is not null";

/// What came of a signal that was sent with others.
pub(crate) enum Told {
    Answer(Result<Signalled, StoreError>),
    /// Nothing was written, perhaps because of another one: it is to be sent alone.
    Alone,
}

struct Call {
    signal: Signal,
    now: Now,
    reply: oneshot::Sender<Told>,
}

impl Call {
    fn bytes(&self) -> usize {
        self.signal.data.as_ref().map_or(0, |data| data.as_str().len())
    }
}

/// Where callers put their signals.
#[derive(Debug, Clone)]
pub(crate) struct SignalCoalescer {
    calls: mpsc::Sender<Call>,
}

impl SignalCoalescer {
    pub(crate) fn start(io: &Io, writes: Arc<Connection>, gate: Arc<Gate>) -> Self {
        let (calls, waiting) = mpsc::channel(WAITING);
        io.spawn(serve((writes, gate), waiting));
        Self { calls }
    }

    pub(crate) async fn signal(&self, signal: &Signal, now: Now) -> Told {
        let closed =
            || Told::Answer(Err(StoreError::Unavailable { reason: "the store is closed".into() }));
        let (reply, answer) = oneshot::channel();
        let call = Call { signal: signal.clone(), now, reply };
        if self.calls.send(call).await.is_err() {
            return closed();
        }
        answer.await.unwrap_or_else(|_| closed())
    }
}

async fn serve(writes: (Arc<Connection>, Arc<Gate>), mut waiting: mpsc::Receiver<Call>) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(call) => call,
            None => match waiting.recv().await {
                Some(call) => call,
                None => return,
            },
        };
        let mut bytes = first.bytes();
        let mut group = vec![first];
        while group.len() < TOGETHER && bytes < BYTES {
            let Ok(call) = waiting.try_recv() else { break };
            if call.now != group[0].now {
                next = Some(call);
                break;
            }
            bytes += call.bytes();
            group.push(call);
        }
        let answers = write((&writes.0, &writes.1), &group).await;
        for (call, told) in group.into_iter().zip(answers) {
            // Who stopped waiting does not hear of it.
            let _ = call.reply.send(told);
        }
    }
}

async fn write((connection, gate): (&Connection, &Gate), group: &[Call]) -> Vec<Told> {
    match send((connection, gate), group).await {
        Ok(Some(rows)) if rows.len() == group.len() => {
            rows.iter().map(|row| Told::Answer(of_row(row))).collect()
        }
        // All of them may have been told, or none: each learns it by signalling once more.
        Err(error) if error.is_passing() => {
            group.iter().map(|_| Told::Answer(Err(for_another(&error)))).collect()
        }
        // Another transaction has one of the keys, or one of them is refused: that must not hit the others.
        Ok(_) | Err(_) => group.iter().map(|_| Told::Alone).collect(),
    }
}

async fn send(
    (connection, gate): (&Connection, &Gate),
    group: &[Call],
) -> Result<Option<Vec<Row>>, StoreError> {
    let signals = || group.iter().map(|call| &call.signal);
    let keys: Vec<_> = signals().map(|signal| signal.key.as_str()).collect();
    let datas: Vec<_> =
        signals().map(|signal| signal.data.as_ref().map(|data| data.as_str())).collect();
    let withdrawns: Vec<_> = signals().map(|signal| signal.is_withdrawn).collect();
    let origins: Vec<_> = signals().map(|signal| signal.origin.as_deref()).collect();
    let (now, patience) = (group[0].now.micros(), setting());
    let binds: [Bind<'_>; 6] = [
        (&now, Type::INT8),
        (&keys, Type::TEXT_ARRAY),
        (&datas, Type::TEXT_ARRAY),
        (&withdrawns, Type::BOOL_ARRAY),
        (&origins, Type::TEXT_ARRAY),
        (&patience, Type::TEXT),
    ];
    let _alone = gate.pass(Try::First).await;
    connection.query_unless_locked(SIGNAL_ALL, &binds).await
}
