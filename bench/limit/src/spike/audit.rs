use anyhow::{Result, ensure};
use tokio_postgres::Client;

use super::claimed::COMPLETED;

/// Every job must have one row among the finished ones, and nothing may be left behind.
pub async fn check(client: &Client, jobs: usize) -> Result<()> {
    let row = client
        .query_one(
            "select count(*), count(distinct id), count(*) filter (where state = $1) from finished",
            &[&COMPLETED],
        )
        .await?;
    let counts: [i64; 3] = [row.get(0), row.get(1), row.get(2)];
    ensure!(counts == [jobs as i64; 3], "of {jobs} jobs: {counts:?} finished, distinct, completed");
    for table in ["pending", "lease", "running"] {
        ensure!(is_empty(client, table).await?, "{table} is not empty");
    }
    Ok(())
}

async fn is_empty(client: &Client, table: &str) -> Result<bool> {
    let exists: bool =
        client.query_one("select to_regclass($1::text) is not null", &[&table]).await?.get(0);
    if !exists {
        return Ok(true);
    }
    let sql = format!("select not exists (select from {table})");
    Ok(client.query_one(&sql, &[]).await?.get(0))
}
