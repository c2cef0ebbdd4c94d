use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome", version = 0)]
struct Welcome {
    user: i64,
}

fn main() {}
