use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

async fn welcome(_job: Welcome) -> Result<(), JobError> {
    Ok(())
}

fn worker(store: std::sync::Arc<dyn windlass::store::Store>) {
    let _ = Worker::new(store, ()).handle_fn::<Welcome>(welcome);
}

fn main() {}
