//! Capped counts: what is told of many jobs at the cost of few.

use windlass_core::job::{Lane, State};
use windlass_core::limits::{COUNTED, COUNTED_ALL, COUNTED_LEAST};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::line;

/// O30: as long as few jobs wait, what is counted with a cap is what is counted without.
pub async fn few_jobs_are_counted_to_the_last(fixture: StoreFixture) {
    super::read::one_job_in_each_state(&fixture).await;
    fixture.enqueue(jobs(3).map(|job| job.queue("lined").lane(Lane::by("a")))).await;
    let (all, capped) = (fixture.store().counts().await, fixture.store().capped_counts().await);
    let (all, capped) = (all.expect("counted"), capped.expect("counted"));
    assert_eq!(line::of_counts(&capped), line::of_counts(&all));
    assert!(capped.exact && capped.or_more.is_empty(), "{capped:?}");
    assert!(capped.is_exact("lined"));
}

/// O30: of a long queue as many are counted as the cap says, and it is told that there may be more; of others all.
pub async fn a_long_queue_is_counted_up_to_the_cap(fixture: StoreFixture) {
    fixture.enqueue(jobs(COUNTED + 1).map(|job| job.queue("bulk"))).await;
    fixture.enqueue(jobs(COUNTED).map(|job| job.queue("full"))).await;
    fixture.enqueue(jobs(2).map(|job| job.queue("mail").due_in(MINUTE))).await;
    let counts = fixture.store().capped_counts().await.expect("counted");
    let of = |queue: &str, state| counts.by_queue.get(queue).and_then(|states| states.get(&state));
    assert_eq!(of("bulk", State::Available), Some(&(COUNTED as u64)));
    assert_eq!(of("full", State::Available), Some(&(COUNTED as u64)));
    assert_eq!(of("mail", State::Scheduled), Some(&2));
    assert!(counts.may_be_more("bulk", State::Available));
    assert!(!counts.may_be_more("full", State::Available), "these were all");
    assert!(!counts.exact && !counts.is_exact("bulk"));
    assert!(counts.is_exact("full") && counts.is_exact("mail"));
    assert_eq!(counts.states_or_more().into_iter().collect::<Vec<_>>(), [State::Available]);
}

/// O30: once the bound of all queues is reached, of each further one a few are still counted.
pub async fn many_long_queues_are_counted_within_one_bound(fixture: StoreFixture) {
    for nth in 0..=COUNTED_ALL / COUNTED {
        let name = format!("q{nth}");
        fixture.enqueue(jobs(COUNTED + 1).map(|job| job.queue(&name))).await;
    }
    fixture.enqueue(jobs(COUNTED_LEAST).map(|job| job.queue("zoo"))).await;
    let counts = fixture.store().capped_counts().await.expect("counted");
    let available = |queue: &str| counts.by_queue[queue][&State::Available];
    let last = format!("q{}", COUNTED_ALL / COUNTED);
    assert_eq!([available("q0"), available(&last)], [COUNTED as u64, COUNTED_LEAST as u64]);
    assert!(counts.may_be_more(&last, State::Available));
    assert_eq!(available("zoo"), COUNTED_LEAST as u64);
    assert!(!counts.may_be_more("zoo", State::Available));
}

/// O30: of scheduled jobs the first are looked at, whatever their queues; of each queue it is told that there may be more.
pub async fn many_scheduled_jobs_are_looked_at_within_one_bound(fixture: StoreFixture) {
    let soon = jobs(COUNTED_ALL).map(|job| job.queue("soon").due_in(MINUTE));
    fixture.enqueue(soon).await;
    fixture.enqueue(jobs(1).map(|job| job.queue("mail"))).await;
    let counts = fixture.store().capped_counts().await.expect("counted");
    assert!(counts.exact, "these were all");
    // The first of them is looked at, to know that there are more.
    fixture.enqueue(jobs(5).map(|job| job.queue("late").due_in(2 * MINUTE))).await;
    fixture.enqueue_one(job().queue("later").due_in(3 * MINUTE)).await;
    let counts = fixture.store().capped_counts().await.expect("counted");
    assert!(counts.may_be_more("soon", State::Scheduled), "{:?}", counts.or_more);
    assert!(counts.may_be_more("mail", State::Scheduled), "some of its own may be due later");
    assert!(counts.may_be_more("later", State::Scheduled), "none of it was looked at");
    assert!(!counts.is_exact("later") && !counts.exact);
    assert!(!counts.may_be_more("mail", State::Available));
}

/// O30: available jobs, those that stand in line and those that wait for a condition each have a bound of their own.
pub async fn jobs_of_one_sort_leave_room_for_others(fixture: StoreFixture) {
    for nth in 0..=COUNTED_ALL / COUNTED {
        let name = format!("q{nth}");
        fixture.enqueue(jobs(COUNTED + 1).map(|job| job.queue(&name))).await;
    }
    let lined = 2 * COUNTED_LEAST;
    fixture.enqueue(jobs(lined).map(|job| job.queue("lined").lane(Lane::by("a")))).await;
    let counts = fixture.store().capped_counts().await.expect("counted");
    assert_eq!(counts.by_queue["lined"][&State::Available], lined as u64);
    assert!(!counts.may_be_more("lined", State::Available));
}
