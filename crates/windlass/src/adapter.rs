//! One small file per driver: the store's statements on the caller's own connection.

#[cfg(feature = "rusqlite")]
mod rusqlite;
#[cfg(any(feature = "sqlx-0_8-postgres", feature = "sqlx-0_9-postgres"))]
mod sqlx_postgres;
#[cfg(feature = "sqlx-0_9-sqlite")]
mod sqlx_sqlite;
#[cfg(feature = "tokio-postgres-0_7")]
pub(crate) mod tokio_postgres;

/// The answers for jobs of which these ids were written. One id may come more than once in a call: the first
/// of them was written.
#[cfg(any(
    feature = "sqlx-0_8-postgres",
    feature = "sqlx-0_9-postgres",
    feature = "tokio-postgres-0_7"
))]
fn answers(
    jobs: &[windlass_core::job::NewJob],
    mut written: std::collections::HashSet<String>,
) -> Vec<windlass_core::job::Enqueued> {
    use windlass_core::job::Enqueued;
    let answer = |job: &windlass_core::job::NewJob| {
        let is_new = written.remove(&job.id.as_uuid().to_string());
        if is_new { Enqueued::New(job.id) } else { Enqueued::Existing(job.id) }
    };
    jobs.iter().map(answer).collect()
}
