//! A completion with what follows it, in one step of the writer.

use windlass_core::error::StoreError;
use windlass_core::job::{Completion, Fence, Settled};

use crate::event::publish::publish;
use crate::job::enqueue::enqueue;
use crate::job::settle::{SettleContext, settle};

/// Completes the job, and writes what follows where that was done. An error takes the completion back with it.
pub(crate) fn complete_with(
    context: &SettleContext<'_>,
    fence: &Fence,
    what: &Completion,
) -> Result<Settled, StoreError> {
    let answers = settle(context, &[what.settlement(fence)])?;
    let answer = answers.first().copied().unwrap_or(Settled::Lost);
    if answer == Settled::Done {
        enqueue(context.connection, &what.jobs, context.now)?;
        publish(context.connection, &what.events, context.now)?;
    }
    Ok(answer)
}
