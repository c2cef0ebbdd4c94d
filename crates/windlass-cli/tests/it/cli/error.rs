//! `windlass error`.

use super::fixture::CliFixture;

/// T22: errors are listed, one is shown with what to try, and its fingerprint finds the jobs.
#[test]
fn errors_are_listed_and_shown() {
    let cli = CliFixture::with_jobs();
    let listed = cli.json(&["error", "list"]);
    assert_eq!(listed["schema"], "errors.v1");
    let fingerprint =
        listed["groups"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    let table = cli.table(&["error", "list"], "120");
    assert!(table.contains("FINGERPRINT") && table.contains(&fingerprint), "{table}");
    let said = cli.ok(&["error", "show", &fingerprint]);
    assert!(
        said.contains(&format!("windlass job retry 'state:dead fingerprint:{fingerprint}'")),
        "{said}"
    );
    assert_eq!(cli.json(&["error", "show", &fingerprint])["schema"], "error.v1");
    let jobs = cli.json(&["job", "list", &format!("fingerprint:{fingerprint}")]);
    assert_eq!(
        jobs.as_array().map(Vec::len),
        listed["groups"][0]["jobs"].as_u64().map(|n| n as usize)
    );
    assert_eq!(cli.json(&["error", "list", "kind:nobody"])["groups"], serde_json::json!([]));
    assert_eq!(cli.run(&["error", "show", "000000000000"]).code, 3);
    assert_eq!(cli.run(&["error", "show", "7c1e"]).code, 2);
}
