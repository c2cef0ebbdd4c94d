//! Wake-ups: whoever sleeps on a queue that got work, and nobody else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use windlass_core::wake::Bell;

use crate::bench::Bench;
use crate::draft::job;
use crate::worker::worker;

/// Nothing waited for here takes longer unless it is broken.
const SOON: Duration = Duration::from_secs(20);

/// C29, W2: jobs of another process wake the workers of their queue, and not those of others.
pub async fn a_wake_up_goes_to_its_queue_alone(bench: Bench) {
    let process = bench.another_store().await;
    let [a, b, c] = sleepers(&bench, ["a", "b", "c"]).await;
    for (queue, bell) in [("b", &b), ("c", &c)] {
        let jobs = [job().queue(queue).done()];
        process.enqueue(&jobs, bench.now()).await.expect("it reaches the store");
        // Wake-ups keep their order: what the first enqueue rang has rung when the second one is
        // heard.
        tokio::time::timeout(SOON, bell.work()).await.expect("a worker of the queue is woken");
    }
    assert!(a.work().now_or_never().is_none(), "nothing has come on this queue");
}

/// A sleeping worker on each of the queues.
async fn sleepers<const N: usize>(bench: &Bench, queues: [&str; N]) -> [Arc<Bell>; N] {
    let mut workers = Vec::new();
    for queue in queues {
        workers.push(bench.start(worker().serving(&[queue])).await);
    }
    // What a connection that was just made rings is over once a second worker has registered, so
    // bells come last.
    let mut bells = Vec::new();
    for (worker, queue) in workers.iter().zip(queues) {
        assert!(worker.claim(1).await.jobs.is_empty(), "it falls asleep");
        bells.push(bench.store().wakeups().add(worker.id(), vec![queue.to_owned()]));
    }
    bells.try_into().expect("one for each queue")
}
