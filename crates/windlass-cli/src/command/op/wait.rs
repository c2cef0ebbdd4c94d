//! Going through an operation's jobs while somebody waits.

use std::time::{Duration, Instant};

use windlass::limits::OPERATION_JOBS;
use windlass::operation::{OperationRecord, Which};
use windlass::store::Now;
use windlass::{Client, OperationId};

use crate::output::Output;
use crate::output::progress::Progress;

/// How often to look whether others have gone on with it.
const LOOK: Duration = Duration::from_millis(500);

/// Goes on with an operation, beside the workers, until nothing is left to do for it.
pub(in crate::command) async fn wait(
    client: &Client,
    id: OperationId,
    out: &Output,
) -> anyhow::Result<OperationRecord> {
    let begun = client.operation(id).await?.ok_or_else(|| id.missing())?;
    let all = begun.matched.unwrap_or_default();
    let progress = (!out.is_json()).then(|| Progress::begin(begun.action.word(), all));
    loop {
        let began = Instant::now();
        let store = client.store();
        let round = store.operation_round(Which::Of(id), OPERATION_JOBS, Now::Database).await?;
        if let Some(progress) = &progress {
            progress.advance(round.jobs);
        }
        let Some(next) = round.next else { break };
        let pause = next.max(began.elapsed()).clamp(Duration::from_millis(2), LOOK);
        tokio::time::sleep(pause).await;
    }
    Ok(client.operation(id).await?.ok_or_else(|| id.missing())?)
}
