//! sqlx 0.8 with its type features, on PostgreSQL: a sign-up with its job in one transaction, a handler with anyhow
//! that finishes in a transaction, and a test store in the same database.

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use windlass::prelude::*;
use windlass::testing::TestStore;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome", queue = "mail")]
struct Welcome {
    user_id: uuid::Uuid,
}

async fn welcome(job: Welcome, cx: Context<PgPool>) -> anyhow::Result<()> {
    let mut tx = cx.app().begin().await?;
    let welcomed = sqlx::query("update signed_up set welcomed = true where id = $1");
    let done = welcomed.bind(job.user_id).execute(&mut *tx).await?;
    ensure!(done.rows_affected() == 1, "there is no user {}", job.user_id);
    cx.finish_in(&mut tx).await?;
    tx.commit().await.context("the transaction did not commit")
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL names the database")?;
    let pool = PgPool::connect(&url).await?;
    sqlx::query("create table signed_up (id uuid primary key, at timestamptz, about jsonb, welcomed bool default false)")
        .execute(&pool)
        .await?;
    let test = TestStore::postgres(&url).await;
    let client = test.client();
    let ids = [uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2)];
    for (id, is_wanted) in ids.into_iter().zip([true, false]) {
        let mut tx = pool.begin().await?;
        let insert = sqlx::query("insert into signed_up (id, at, about) values ($1, $2, $3)");
        let at = sqlx::types::chrono::DateTime::from_timestamp(0, 0);
        insert.bind(id).bind(at).bind(sqlx::types::Json(ids)).execute(&mut *tx).await?;
        client.within(&mut tx).enqueue(Welcome { user_id: id }).await?;
        if is_wanted { tx.commit().await? } else { tx.rollback().await? }
    }
    test.assert_enqueued::<Welcome>(Welcome { user_id: ids[0] }).await;
    test.refute_enqueued::<Welcome>(Welcome { user_id: ids[1] }).await;
    let worker = Worker::new(test.store(), pool.clone()).handle_fn(welcome);
    let drained = test.drain("mail", worker).await;
    ensure!(drained.completed() == 1, "{drained:?}");
    let welcomed: i64 =
        sqlx::query_scalar("select count(*) from signed_up where welcomed").fetch_one(&pool).await?;
    ensure!(welcomed == 1, "{welcomed} welcomed");
    Ok(())
}
