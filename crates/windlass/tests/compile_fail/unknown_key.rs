use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome", max_attempt = 3)]
struct Welcome {
    user: i64,
}

fn main() {}
