//! Jobs that belong together: batches, workflows that are undone, fan-ins. Each is written by one call, a batch that comes in
//! parts by several.

use fastrand::Rng;
use windlass_core::batch::{Batch, Begins, IntoBatch, Step, Workflow};
use windlass_core::condition::{Ends, Waits};
use windlass_core::id::BatchId;
use windlass_core::job::NewJob;
use windlass_core::store::{Now, Store};

use super::load::placed;
use crate::draft::{Draft, job};

/// Some of them, by chance.
pub(super) fn some(random: &mut Rng) -> Vec<NewJob> {
    match random.u8(..3) {
        0 => batch(random),
        1 => workflow(random),
        _ => fan_in(random),
    }
}

/// A batch with what runs after it: however it ends, where it is completed, and where it has failed.
fn batch(random: &mut Rng) -> Vec<NewJob> {
    let members: Vec<NewJob> = members(random, 2..9).map(Draft::done).collect();
    let batch = Batch::new().jobs(members).then(counting(random).done());
    let (id, mut jobs) = batch.into_batch().expect("a batch");
    for ends in [Ends::COMPLETED, Ends::DEAD] {
        let waits = Waits::all().batch_ended("batch", id, ends).or_cancel();
        jobs.push(counting(random).waits(waits).done());
    }
    jobs
}

/// A batch that is opened first, and whose jobs come in two calls: the batch, which is to be sealed.
pub(super) async fn in_parts(store: &dyn Store, random: &mut Rng) -> Option<BatchId> {
    let id = BatchId::new();
    store.open_batch(id, &Begins::default(), Now::Database).await.ok()?;
    let then = counting(random).waits(Waits::all().batch("batch", id)).done();
    let _ = store.enqueue(&[then], Now::Database).await;
    for _ in 0..2 {
        let part: Vec<NewJob> =
            members(random, 1..6).map(|draft| draft.member_of(id).done()).collect();
        let _ = store.enqueue(&part, Now::Database).await;
    }
    Some(id)
}

/// Two ways from the first step to the last; each step is undone where another one fails, which is so in half of them.
fn workflow(random: &mut Rng) -> Vec<NewJob> {
    const STEPS: [(&str, &[&str]); 5] =
        [("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"]), ("e", &["d"])];
    let fails = random.usize(..2 * STEPS.len());
    let step = |(nth, (name, after)): (usize, (&str, &[&str]))| {
        let done = match nth == fails {
            true => job().kind("failalways").max_attempts(2),
            false => sleeping(random, 60),
        };
        let undo = placed(sleeping(random, 100), random).done();
        Step::new(name, placed(done, random).done()).after(after.iter().copied()).undo(undo)
    };
    let steps: Vec<Step> = STEPS.into_iter().enumerate().map(step).collect();
    let workflow = Workflow::new("torture").steps(steps);
    workflow.into_batch().expect("a workflow").1
}

/// One job that waits for several: for all of them, or for some.
fn fan_in(random: &mut Rng) -> Vec<NewJob> {
    let mut jobs: Vec<NewJob> = members(random, 2..15).map(Draft::done).collect();
    let needed = match random.bool() {
        true => Waits::all(),
        false => Waits::at_least(random.u32(1..=jobs.len() as u32)),
    };
    let waits = jobs.iter().enumerate().fold(needed, |waits, (nth, one)| {
        waits.job_ended(format!("part {nth}"), one.id, Ends::ANY)
    });
    jobs.push(placed(job().kind("ledger"), random).waits(waits).done());
    jobs
}

/// Some jobs that end in one way or another, soon.
fn members(random: &mut Rng, number: std::ops::Range<usize>) -> impl Iterator<Item = Draft> {
    (0..random.usize(number)).map(|_| member(random))
}

fn member(random: &mut Rng) -> Draft {
    let draft = match random.u8(..10) {
        0 => job().kind("fail").args("1"),
        1 => job().kind("failalways").max_attempts(1),
        2 => job().kind("panic").max_attempts(2),
        3 => job().kind("halting").args("3"),
        4 => job().kind("adds").args(&random.u32(1..4).to_string()),
        5 | 6 => job().kind("ok"),
        _ => sleeping(random, 150),
    };
    placed(draft, random)
}

fn counting(random: &mut Rng) -> Draft {
    placed(job().kind("counts"), random)
}

fn sleeping(random: &mut Rng, most: u32) -> Draft {
    job().kind("sleep").args(&random.u32(5..most).to_string())
}
