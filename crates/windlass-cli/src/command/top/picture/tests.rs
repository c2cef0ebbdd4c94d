use windlass::job::Lead;

use super::*;
use crate::command::top::sample::{at, busy, id, quiet};

fn picture(look: &Look, filter: &str) -> Picture {
    let filter = filter.parse().expect("a filter");
    Picture::of(look, &Pace::default(), (&filter, &Thresholds::default()))
}

fn queues(picture: &Picture) -> Vec<&str> {
    picture.queues.iter().map(|queue| queue.record.name.as_str()).collect()
}

#[test]
fn a_store_at_rest_has_no_problem() {
    let picture = picture(&quiet(), "");
    assert!(picture.problems.is_empty());
    assert_eq!((picture.slots, picture.oldest), (20, None));
}

#[test]
fn what_weighs_most_comes_first() {
    let mut look = busy(0, 0);
    // It is found last.
    look.overview.observed.leader =
        look.overview.observed.leader.map(|lead| Lead { until: at(-60), ..lead });
    let picture = picture(&look, "");
    let aspects: Vec<&str> = picture.problems.iter().map(|one| one.aspect.as_str()).collect();
    assert_eq!(aspects, ["latency", "running", "leader", "dying"]);
    assert_eq!(picture.problems[3].about, About::DeadJob(id(7)));
    assert_eq!(picture.problems[0].text, "img: 24m 12s, a job of img.thumb");
}

#[test]
fn queues_in_trouble_come_first_and_idle_ones_last() {
    let picture = picture(&busy(0, 0), "");
    assert_eq!(queues(&picture), ["img", "mail", "reports"]);
    let in_trouble: Vec<bool> = picture.queues.iter().map(|queue| queue.in_trouble).collect();
    assert_eq!(in_trouble, [true, false, false]);
}

#[test]
fn jobs_that_run_longest_come_first_each_once() {
    let picture = picture(&busy(0, 0), "");
    let ran: Vec<_> = picture.running.iter().map(|row| (row.job, row.over)).collect();
    assert_eq!(ran, [(id(3), true), (id(2), false), (id(1), false)]);
}

#[test]
fn a_filter_narrows_queues_and_workers_and_hides_no_problem() {
    let picture = picture(&busy(0, 0), "queue:ma*,reports -worker:img-*");
    assert_eq!(queues(&picture), ["mail", "reports"]);
    let workers: Vec<&str> = picture.workers.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(workers, ["web-1:4711:3ZCE"]);
    assert_eq!(picture.problems.len(), 3);
    assert_eq!(picture.oldest, Some(at(-1_452)), "of all queues");
}

#[test]
fn the_lack_of_a_leader_is_a_problem_where_workers_live() {
    let mut look = quiet();
    look.overview.observed.leader = None;
    assert_eq!(picture(&look, "").problems[0].aspect, "leader");
    look.overview.workers.clear();
    assert!(picture(&look, "").problems.is_empty());
}
