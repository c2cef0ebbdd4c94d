//! The pairings that the documentation promises: programs outside the workspace, see `pairings/`.

use std::path::Path;
use std::process::Command;

use crate::test_database::TestDatabase;

/// Builds a program as an application is built, and runs it on a database of its own.
fn check(program: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pairings");
    let database = TestDatabase::postgres();
    let ran = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked"])
        .current_dir(folder.join(program))
        // Shared by all of them, and apart from the one that runs this test.
        .env("CARGO_TARGET_DIR", folder.join("../target/pairings"))
        .env("DATABASE_URL", database.url())
        .output()
        .expect("cargo can be started");
    let text = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{program}: {}\n{text}", ran.status);
}

/// T1, C34: sqlx 0.8 with its type features, on PostgreSQL.
#[test]
fn sqlx_0_8_with_type_features() {
    check("sqlx-0_8");
}

/// T1, C34: sqlx 0.8 on PostgreSQL beside an embedded store.
#[test]
fn sqlx_0_8_beside_sqlite() {
    check("sqlx-0_8-beside-sqlite");
}

/// T1, C34: sqlx 0.9 on both databases.
#[test]
fn sqlx_0_9_on_both() {
    check("sqlx-0_9");
}
