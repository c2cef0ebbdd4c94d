//! sqlx 0.8 on PostgreSQL in a program whose Windlass has both stores.

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use windlass::State;
use windlass::prelude::*;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user_id: i64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL names the database")?;
    let pool = sqlx::PgPool::connect(&url).await?;
    let client = Client::new(windlass::open(&url).await?);
    for (user_id, is_wanted) in [(1, true), (2, false)] {
        let mut tx = pool.begin().await?;
        client.within(&mut tx).enqueue(Welcome { user_id }).await?;
        if is_wanted { tx.commit().await? } else { tx.rollback().await? }
    }
    ensure!(client.counts().await?.of(State::Available) == 1);

    let file = std::env::temp_dir().join(format!("windlass-pairing-{}.db", std::process::id()));
    let embedded = Client::new(windlass::open(&format!("sqlite:{}", file.display())).await?);
    embedded.enqueue(Welcome { user_id: 3 }).await?;
    ensure!(embedded.counts().await?.of(State::Available) == 1);
    drop(embedded);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    Ok(())
}
