use anyhow::Result;
use tokio_postgres::{Client, Statement};

use crate::job::{AVAILABLE, KIND, NewJob, QUEUE};

const INSERT: &str = "
    insert into pending (id, queue, kind, version, state, priority, attempt, run_at, created_at, args)
    select id, $1, $2, 1, $3, 0, 0, run_at, now(), args
    from unnest($4::uuid[], $5::timestamptz[], $6::text[]) as job (id, run_at, args)";

/// Inserts many jobs with one statement.
pub struct Loader<'c> {
    client: &'c Client,
    insert: Statement,
}

impl<'c> Loader<'c> {
    pub async fn prepare(client: &'c Client) -> Result<Self> {
        Ok(Loader { client, insert: client.prepare(INSERT).await? })
    }

    pub async fn insert(&self, jobs: &[NewJob]) -> Result<()> {
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let run_at: Vec<_> = jobs.iter().map(|job| job.run_at).collect();
        let args: Vec<_> = jobs.iter().map(|job| job.args.as_str()).collect();
        self.client
            .execute(&self.insert, &[&QUEUE, &KIND, &AVAILABLE, &ids, &run_at, &args])
            .await?;
        Ok(())
    }
}

pub async fn fill(client: &Client, jobs: usize) -> Result<()> {
    const ROWS: usize = 1000;
    let loader = Loader::prepare(client).await?;
    for start in (0..jobs).step_by(ROWS) {
        let rows = ROWS.min(jobs - start);
        let batch: Vec<_> = (0..rows).map(|_| NewJob::sample()).collect();
        loader.insert(&batch).await?;
    }
    Ok(())
}
