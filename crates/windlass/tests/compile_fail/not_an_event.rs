use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize)]
struct OrderPaid {
    order: i64,
}

async fn paid(client: Client) {
    let _ = client.publish(&OrderPaid { order: 42 }).await;
}

fn main() {}
