use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
struct Welcome {
    user: i64,
}

async fn welcome(_job: Welcome, _cx: Context) -> Result<(), JobError> {
    Ok(())
}

fn main() {
    drop(Welcome { user: 42 }.job());
    let _ = |worker: Worker| worker.handle_fn(welcome);
}
