use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

struct Refused;

fn send(_user: i64) -> Result<(), Refused> {
    Err(Refused)
}

impl Run for Welcome {
    type Output = ();

    async fn run(self, _cx: &Context) -> Result<(), JobError> {
        send(self.user)?;
        Ok(())
    }
}

fn main() {}
