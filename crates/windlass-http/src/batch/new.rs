//! Jobs of a batch or a workflow, as they are asked for.

use windlass::{BatchId, NewJob};

use crate::job::NewJobBody;
use crate::problem::Problem;

/// The job of a body that says of no batch: it comes into that which is written with it.
pub(crate) fn standalone(draft: NewJobBody, pointer: &str) -> Result<NewJob, Problem> {
    let job = draft.job(pointer)?;
    match job.meta.member {
        Some(_) => {
            let detail =
                "stands without `batch`: the job comes into the one that it is written with";
            Err(Problem::body(format!("{pointer}/batch"), detail))
        }
        None => Ok(job),
    }
}

/// The job of a body that comes into a batch that is there; its body may say so itself.
pub(super) fn added(draft: NewJobBody, batch: BatchId, pointer: &str) -> Result<NewJob, Problem> {
    use windlass::batch::Membership;

    let mut job = draft.job(pointer)?;
    match &job.meta.member {
        Some(member) if member.batch != batch => {
            let detail = format!("is another batch than {batch}, which the jobs are added to");
            Err(Problem::body(format!("{pointer}/batch"), detail))
        }
        Some(_) => Ok(job),
        None => {
            job.meta.member = Some(Membership::of(batch));
            Ok(job)
        }
    }
}
