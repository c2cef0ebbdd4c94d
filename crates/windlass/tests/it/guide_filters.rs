//! The example of docs/filters.md, line by line: `scripts/tidy` compares them.

use windlass::filter::{Bound, Effort};
use windlass::job::{Filter, Page};
use windlass::testing::TestStore;

#[tokio::test]
async fn the_page_on_filters() -> Result<(), Box<dyn std::error::Error>> {
    let test = TestStore::new().await;
    let client = test.client();
    let filter: Filter = r#"state:dead args.user.id:42 error:"connection refused""#.parse()?;
    let found = client.find_jobs(&filter, Page::default(), Bound::default()).await?;
    for job in &found.items {
        println!("{} {}", job.id, job.kind);
    }
    if !found.complete {
        println!("looked through {} jobs; more before {:?}", found.scanned, found.next);
    }
    let count = client.count_jobs(&filter, Effort::Exact).await?;
    println!("{}{}", if count.exact { "" } else { "about " }, count.value);
    assert!(found.complete && found.items.is_empty() && count.value == 0 && count.exact);
    Ok(())
}

/// The example of docs/errors.md.
#[tokio::test]
async fn the_page_on_errors() -> Result<(), Box<dyn std::error::Error>> {
    let test = TestStore::new().await;
    let client = test.client();
    let found = client.error_groups(&"kind:img.* since:24h".parse()?).await?;
    for group in &found.groups {
        println!("{} jobs: {} ({})", group.jobs, group.error, group.fingerprint);
    }
    assert!(found.complete && found.groups.is_empty());
    Ok(())
}
