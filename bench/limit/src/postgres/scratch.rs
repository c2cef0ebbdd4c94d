use anyhow::Result;
use tokio_postgres::Client;

pub const SCHEMA: &str = "limit_bench";

pub async fn create(client: &Client, tables: &[&str]) -> Result<()> {
    drop(client).await?;
    client.batch_execute(&format!("create schema {SCHEMA}")).await?;
    for sql in tables {
        client.batch_execute(sql).await?;
    }
    Ok(())
}

pub async fn drop(client: &Client) -> Result<()> {
    Ok(client.batch_execute(&format!("drop schema if exists {SCHEMA} cascade")).await?)
}

/// Brings a freshly loaded table into the state that vacuum keeps it in.
pub async fn tidy(client: &Client) -> Result<()> {
    client.batch_execute("vacuum analyze pending").await?;
    Ok(client.batch_execute("checkpoint").await?)
}
