use anyhow::Result;
use tokio_postgres::Client;

/// A place in the write-ahead log.
pub struct Position(String);

/// Bytes written between two places.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub total: i64,
    /// Part of the total that is copies of pages touched first after a checkpoint.
    pub page_images: i64,
}

/// Keeps the log from here on readable for as long as the session lasts.
pub async fn keep(client: &Client) -> Result<()> {
    Ok(client
        .batch_execute("select pg_create_physical_replication_slot('limit_bench', true, true)")
        .await?)
}

pub async fn position(client: &Client) -> Result<Position> {
    Ok(Position(client.query_one("select pg_current_wal_insert_lsn()::text", &[]).await?.get(0)))
}

pub async fn written(client: &Client, from: &Position, to: &Position) -> Result<Written> {
    client.batch_execute("create extension if not exists pg_walinspect").await?;
    let row = client
        .query_one(
            &format!(
                "select ('{to}'::pg_lsn - '{from}'::pg_lsn)::bigint, sum(fpi_size)::bigint
                 from pg_get_wal_stats('{from}', '{to}')",
                from = from.0,
                to = to.0
            ),
            &[],
        )
        .await?;
    Ok(Written { total: row.get(0), page_images: row.get(1) })
}
