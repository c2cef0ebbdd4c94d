use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
struct Welcome {
    user: i64,
}

fn main() {}
