use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize)]
struct Welcome {
    user: i64,
}

impl Run for Welcome {
    type Output = ();

    async fn run(self, _cx: &Context) -> Result<(), JobError> {
        Ok(())
    }
}

fn main() {}
