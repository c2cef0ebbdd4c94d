use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

fn main() {}
