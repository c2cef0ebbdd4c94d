use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome", unique(by = [user_id]))]
struct Welcome {
    user: i64,
}

fn main() {}
