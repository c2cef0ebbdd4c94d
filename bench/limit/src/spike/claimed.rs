use std::time::SystemTime;

use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

pub const COMPLETED: i16 = 5;
pub const RETRYABLE: i16 = 3;

/// A job in the hands of a worker.
pub struct Claimed {
    pub lease: Uuid,
    /// Jobs in the same lease
    pub lease_size: usize,
    /// Place in the lease, from 1
    pub position: i16,
    pub id: Uuid,
    pub queue: String,
    pub kind: String,
    pub version: i16,
    pub priority: i16,
    pub attempt: i16,
    pub run_at: SystemTime,
    pub created_at: SystemTime,
    pub args: String,
    pub meta: Option<String>,
    pub history: Option<Value>,
    pub started_at: SystemTime,
}

impl Claimed {
    pub fn read(lease: Uuid, lease_size: usize, started_at: SystemTime, row: &Row) -> Self {
        Claimed {
            lease,
            lease_size,
            position: row.get(0),
            id: row.get(1),
            queue: row.get(2),
            kind: row.get(3),
            version: row.get(4),
            priority: row.get(5),
            attempt: row.get(6),
            run_at: row.get(7),
            created_at: row.get(8),
            args: row.get(9),
            meta: row.get(10),
            history: row.get(11),
            started_at,
        }
    }
}

/// A job with the way it ended.
pub struct Ended {
    pub job: Claimed,
    pub state: i16,
    pub output: String,
    pub finished_at: SystemTime,
}

impl Ended {
    /// Three in a hundred jobs fail, once.
    pub fn by_chance(job: Claimed) -> Self {
        let fails = job.attempt == 1 && fastrand::u8(0..100) < 3;
        let (state, output) = if fails {
            (RETRYABLE, "connection reset by peer".to_string())
        } else {
            (COMPLETED, format!(r#"{{"receipt":{}}}"#, fastrand::u32(..)))
        };
        Ended { job, state, output, finished_at: SystemTime::now() }
    }
}
