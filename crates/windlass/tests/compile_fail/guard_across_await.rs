use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

impl Run for Welcome {
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), JobError> {
        let held = std::rc::Rc::new(self.user);
        cx.cancelled().await;
        drop(held);
        Ok(())
    }
}

fn main() {}
