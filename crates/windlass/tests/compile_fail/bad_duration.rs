use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome", timeout = "30 seconds")]
struct Welcome {
    user: i64,
}

fn main() {}
