//! `windlass stats`.

use super::fixture::CliFixture;

#[test]
fn stats_tell_what_jobs_did() {
    let cli = CliFixture::with_jobs();
    let table = cli.table(&["stats", "--by", "kind"], "140");
    let titles = table.lines().next().unwrap_or_default();
    for title in ["KIND", "ENQUEUED", "STARTED", "FAILED", "DEAD", "WAIT P50", "RUN P50"] {
        assert!(titles.contains(title), "{table}");
    }
    let words = |kind: &str| -> Vec<String> {
        let line = table.lines().find(|line| line.starts_with(kind));
        line.unwrap_or_else(|| panic!("{kind} in {table}"))
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    assert!(words("bad").contains(&"1".to_owned()), "{table}");
    assert!(table.contains('█'), "{table}");
    let plain = cli.ok(&["stats", "-o", "plain", "--no-header", "--kind", "bad"]);
    assert_eq!(plain.lines().count(), 1, "{plain}");
}

#[test]
fn stats_are_a_document() {
    let cli = CliFixture::with_jobs();
    let stats = cli.json(&["stats", "--since", "6h", "--by", "none"]);
    assert_eq!((&stats["schema"], &stats["by"]), (&"stats.v1".into(), &"none".into()));
    assert_eq!(stats["step_ms"], 60_000);
    let total = &stats["series"][0]["total"];
    assert!(total["started"].as_u64() > Some(0) && total["died"].as_u64() > Some(0), "{total}");
    let by_sql = cli.json(&[
        "sql",
        "select sum(started) as started, sum(died) as died, count(run_p95_ms) > 0 as timed \
         from windlass_stats where seconds = 3600",
    ]);
    assert_eq!(by_sql[0]["started"], total["started"]);
    assert_eq!((&by_sql[0]["died"], &by_sql[0]["timed"]), (&total["died"], &1.into()));
}

#[test]
fn a_store_in_which_nothing_ran_says_so() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    let said = cli.table(&["stats"], "120");
    assert!(said.starts_with("no job was started in the last 1h"), "{said}");
    assert_eq!(cli.run(&["stats", "--since", "0s"]).code, 2);
    assert_eq!(cli.run(&["stats", "--by", "worker"]).code, 2);
}
