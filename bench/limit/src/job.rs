use std::time::{Duration, SystemTime};

use uuid::Uuid;

pub const QUEUE: &str = "default";
pub const KIND: &str = "send_receipt";
pub const AVAILABLE: i16 = 2;

/// A job as an application would enqueue it.
pub struct NewJob {
    pub id: Uuid,
    pub run_at: SystemTime,
    pub args: String,
}

impl NewJob {
    pub fn sample() -> Self {
        NewJob {
            id: Uuid::now_v7(),
            // In the past, so that a claim does not depend on two clocks.
            run_at: SystemTime::now() - Duration::from_secs(60),
            args: sample_args(),
        }
    }
}

/// About 200 bytes of JSON, half of it not compressible.
fn sample_args() -> String {
    format!(
        r#"{{"user_id":{},"order_id":"{:032x}","email":"customer{}@example.com","amount_cents":{},"currency":"EUR","token":"{:032x}","template":"receipt","locale":"en"}}"#,
        fastrand::u32(..),
        fastrand::u128(..),
        fastrand::u16(..),
        fastrand::u16(..),
        fastrand::u128(..),
    )
}
