//! `windlass queue` and `windlass worker`.

use super::world::World;
use crate::site::until;

#[test]
fn queues_are_listed_with_their_numbers() {
    let world = World::with_jobs();
    world.ok(&["queue", "pause", "media", "--note", "disk upgrade"]);
    insta::assert_snapshot!(world.table(&["queue", "list"], "150"));
    let queues = world.json(&["queue", "list"]);
    assert_eq!(queues[3]["schema"], "queue.v1");
    assert_eq!(
        (&queues[3]["note"], &queues[3]["jobs"]["dead"]),
        (&"disk upgrade".into(), &1.into())
    );
}

#[test]
fn a_pause_is_told_with_its_undoing() {
    let world = World::with_jobs();
    insta::assert_snapshot!(world.table(&["queue", "pause", "mail"], "100"));
    assert!(world.json(&["queue", "pause", "mail"])["paused_at"].is_string());
    assert_eq!(world.ok(&["queue", "resume", "mail"]), "queue mail goes on\n");
    assert_eq!(
        world.ok(&["queue", "resume", "mail"]),
        "queue mail was not paused; nothing was changed\n"
    );
}

#[test]
fn a_slip_of_the_finger_is_pointed_out() {
    let world = World::with_jobs();
    let ran = world.run(&["queue", "pause", "maill"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stderr, "! no job or worker knows queue maill yet; did you mean `mail`?\n");
    assert_eq!(world.run(&["queue", "pause", "a b"]).code, 2);
}

#[test]
fn a_worker_is_kept_from_new_work_by_its_name() {
    let world = World::new();
    world.ok(&["migrate"]);
    assert_eq!(world.ok(&["worker", "list", "--json"]), "[]\n");
    let _worker = world.work();
    until("a worker registers", || !world.ok(&["worker", "list", "--no-header"]).is_empty());
    let worker = world.json(&["worker", "list"])[0].clone();
    assert_eq!((&worker["schema"], &worker["quiet"]), (&"worker.v1".into(), &false.into()));
    let (label, id) =
        (worker["label"].as_str().expect("a name"), worker["id"].as_str().expect("an id"));
    assert_eq!(world.json(&["worker", "quiet", label])["quiet"], true);
    assert_eq!(world.json(&["worker", "list"])[0]["quiet"], true);
    assert!(world.ok(&["worker", "resume", id]).contains("takes work again"));
    assert_eq!(world.json(&["worker", "list"])[0]["quiet"], false);
}

#[test]
fn a_worker_that_is_not_there_is_3() {
    let world = World::with_jobs();
    let ran = world.run(&["worker", "quiet", "web-9"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.error(), "windlass: no worker is called web-9; see `windlass worker list`");
}
