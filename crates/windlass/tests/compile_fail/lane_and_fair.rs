use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome", lane(by = [user]), fair(by = [user]))]
struct Welcome {
    user: i64,
}

fn main() {}
