//! A disk that is full.

use std::path::Path;
use std::sync::Arc;
use windlass_core::store::Now;

use fastrand::Rng;
use windlass_core::error::StoreError;
use windlass_core::job::State;
use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::{PostgresDatabase, SqliteFile};
use windlass_testkit::draft::{Draft, job};
use windlass_testkit::fault::disk::SmallDisk;
use windlass_testkit::fault::process_fixture::ProcessFixture;

/// More jobs than any of these disks has room for.
const TOO_MANY: usize = 1_000;

/// F-23: I-D1–I-D3 where the file's disk is full.
#[test]
fn a_full_disk_below_a_file_is_told_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::mounted(64, 58) else { return say_why_not() };
    let database = SqliteFile::below(disk.path());
    super::with_probes(database, |fixture: ProcessFixture| full_and_free(fixture, &disk));
}

/// F-24: I-D1–I-D3 where the disk of the server's tables is full.
#[test]
fn a_full_disk_below_a_server_is_told_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::mounted(64, 46) else { return say_why_not() };
    let cluster = Arc::new(Cluster::private());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    let folder = disk.path().join("tables");
    std::fs::create_dir(&folder).expect("the disk has room");
    // The server's own user must reach its folder.
    open_to_all(disk.path());
    cluster.move_to(database.name(), &folder);
    super::with_probes(database, |fixture: ProcessFixture| full_and_free(fixture, &disk));
}

/// Fills the disk, makes room, and has everything worked off.
async fn full_and_free(fixture: ProcessFixture, disk: &SmallDisk) {
    let mut random = Rng::with_seed(1);
    let mut acknowledged = 0;
    let refused = loop {
        assert!(acknowledged < TOO_MANY, "the disk is larger than it should be");
        match fixture.store.enqueue(&[large(&mut random).done()], Now::Database).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    println!("after {acknowledged} jobs: {refused}");
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused:?}");
    let counts = fixture.store.counts().await.expect("a full disk can be read");
    assert_eq!(counts.of(State::Available), acknowledged as u64);
    disk.drop_ballast();
    fixture.enqueue([large(&mut random)]).await;
    let _worker = fixture.ready(&fixture.settings()).await;
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), acknowledged as u64 + 1);
    let verdict = fixture.judge().await;
    assert_eq!((verdict.refused, verdict.indeterminate), (1, 0));
}

/// A job with args that do not compress.
fn large(random: &mut Rng) -> Draft {
    let text: String = (0..100_000).map(|_| random.alphanumeric()).collect();
    job().kind("ok").args(&format!("\"{text}\""))
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let opened = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755));
    opened.expect("the disk is ours");
}

fn say_why_not() {
    println!("not played: this user may not mount a disk");
}
