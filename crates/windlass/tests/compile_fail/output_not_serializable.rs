use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

struct Receipt;

impl Run for Welcome {
    type Output = Receipt;

    async fn run(self, _cx: &Context) -> Result<Receipt, JobError> {
        Ok(Receipt)
    }
}

fn main() {}
