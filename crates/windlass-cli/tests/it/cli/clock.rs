//! A command line whose clock is wrong.

use windlass_testkit::database::{Database, PostgresDatabase};
use windlass_testkit::fault::skew;

use super::fixture::{CliFixture, Ran};

/// X2: what an hour from now is says the database, not the client.
#[test]
fn a_clients_clock_decides_nothing_on_postgresql() {
    let (cli, database) = (CliFixture::new(), PostgresDatabase::fresh());
    let url = database.url();
    assert_eq!(cli.run(&["migrate", "--store", &url]).code, 0);
    for seconds in [7_200, -7_200] {
        let library = skew::library(&cli.path(""), seconds);
        let skewed = |args: &[&str]| {
            let mut command = cli.command(&[args, &["--store", &url]].concat());
            let ran = Ran::of(command.env(skew::VARIABLE, &library));
            assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
            ran.stdout
        };
        let id = |said: String| said.split('\t').next().expect("an id").to_owned();
        let now = id(skewed(&["enqueue", "now"]));
        assert!(is_made_elsewhen(&now), "the clock is wrong indeed");
        let later = id(skewed(&["enqueue", "later", "--delay", "1h"]));
        let record = |id: &str| {
            let said = cli.ok(&["job", "show", id, "--json", "--store", &url]);
            serde_json::from_str::<serde_json::Value>(&said).expect("a document")
        };
        assert_eq!(
            (record(&now)["state"].clone(), record(&later)["state"].clone()),
            ("available".into(), "scheduled".into())
        );
        let moments =
            [&now, &later].map(|id| record(id)["run_at"].as_str().expect("a moment").to_owned());
        let [now, later] =
            moments.map(|text| text.parse::<windlass::Timestamp>().expect("a moment"));
        let apart = later.since(now).as_secs();
        assert!((3_600..3_630).contains(&apart), "{apart} s apart");
    }
}

/// Whether an id, which begins with the moment it was made at, is of another hour than this one.
fn is_made_elsewhen(id: &str) -> bool {
    let id: windlass::JobId = id.parse().expect("an id");
    let made = i64::try_from(id.as_uuid().as_u128() >> 80).expect("milliseconds");
    (made - windlass::Timestamp::wall_clock().as_micros() / 1_000).abs() > 3_600_000
}
