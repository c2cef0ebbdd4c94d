use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

async fn sign_up(file: std::fs::File) {
    let _ = Welcome { user: 1 }.job().enqueue(&file).await;
}

fn main() {}
