use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

async fn sign_up(client: Client, mut file: std::fs::File) {
    let _ = client.within(&mut file).enqueue(Welcome { user: 1 }).await;
}

fn main() {}
