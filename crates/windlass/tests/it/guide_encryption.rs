//! The examples of docs/encryption.md, line by line: `scripts/tidy` compares them.

use serde::{Deserialize, Serialize};
use windlass::encryption::{Keys, is_encrypted};
use windlass::prelude::*;
use windlass::testing::TestStore;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "customer.charge")]
struct Charge {
    card: String,
}

async fn charge(job: Charge, _cx: Context) -> Result<(), JobError> {
    assert_eq!(job.card, "4111 1111 1111 1111");
    Ok(())
}

const VARIABLE: &str = "WINDLASS_KEYS";

/// S-45: the page on encryption, as it is told. It runs in a process of its own, whose environment has a key.
#[tokio::test]
async fn the_page_on_encryption() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::var_os(VARIABLE).is_none() {
        let mut again = std::process::Command::new(std::env::current_exe()?);
        again.args(["--exact", "guide_encryption::the_page_on_encryption"]);
        let ended = again.env(VARIABLE, Keys::generate("2026-12")?).status()?;
        assert!(ended.success());
        return Ok(());
    }
    let test = TestStore::new().await;
    let store = test.store();
    let keys = Keys::from_env("WINDLASS_KEYS")?.only(["customer.*"]);
    let client = Client::new(store.clone()).encrypting(keys);
    client.enqueue(Charge { card: "4111 1111 1111 1111".to_owned() }).await?;
    let job = &client.jobs(&"kind:customer.charge".parse()?, Default::default()).await?[0];
    assert!(is_encrypted(&job.args));
    let keys = Keys::from_env("WINDLASS_KEYS")?.only(["customer.*"]);
    let worker = Worker::new(store, ()).handle_fn(charge).encrypting(keys);
    assert_eq!(test.drain("default", worker).await.completed(), 1);
    Ok(())
}
