//! A job that kills every worker it gets.
use windlass_core::job::State;
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fault::process_fixture::{ProcessFixture, Unfinished};

use super::on_both_stores;

on_both_stores! { it_dies_of_its_third_victim_and_the_others_are_completed }

/// C13, T16, X17: the worker is started again at once, and the poison has the highest priority.
async fn it_dies_of_its_third_victim_and_the_others_are_completed(fixture: ProcessFixture) {
    let poison = fixture.enqueue([job().kind("kill").priority(-100)]).await[0];
    fixture.enqueue(jobs(100).map(|job| job.kind("ok"))).await;
    let settings = fixture.settings();
    let mut crashes = 0;
    loop {
        let mut worker = fixture.start(&settings);
        tokio::select! {
            code = worker.ended() => {
                assert_eq!(code, None, "killed by a signal");
                worker.note_death();
                crashes += 1;
            }
            _ = fixture.counts("all have ended", |counts| counts.unfinished() == 0) => break,
        }
    }
    assert_eq!(crashes, 3);
    let counts = fixture.drained().await;
    assert_eq!((counts.of(State::Completed), counts.of(State::Dead)), (100, 1));
    let record = fixture.job(poison).await;
    assert_eq!((record.losses, record.reason.as_deref()), (3, Some("lost 3 times")));
    fixture.judge().await;
}
