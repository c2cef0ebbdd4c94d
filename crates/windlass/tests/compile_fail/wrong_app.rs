use serde::{Deserialize, Serialize};
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: i64,
}

struct Mailer;

impl Run<Mailer> for Welcome {
    type Output = ();

    async fn run(self, _cx: &Context<Mailer>) -> Result<(), JobError> {
        Ok(())
    }
}

fn start(store: std::sync::Arc<dyn windlass::store::Store>) {
    let _ = Worker::without_app(store).handle::<Welcome>();
}

fn main() {}
