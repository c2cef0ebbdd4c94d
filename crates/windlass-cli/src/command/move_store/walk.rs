//! Walks over all rows: from one store to the other, and over both to compare them.

use windlass::archive::digest::Digest;
use windlass::archive::{Archive, Page, Reached, TABLES, WriteArchive};

use crate::exit::{Exit, Failure};
use crate::output::progress::Progress;

/// What came of a walk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved {
    pub(super) rows: u64,
    /// Rows that were there before.
    pub(super) before: u64,
    pub(super) running: u64,
}

/// Copies what is behind a place.
pub(super) async fn copy(
    source: &dyn Archive,
    place: Reached,
    writing: &mut dyn WriteArchive,
) -> anyhow::Result<Moved> {
    let standing = source.look().await?;
    let progress = Progress::begin("moving", standing.jobs + standing.events);
    let mut moved = Moved { before: place.rows, ..Moved::default() };
    for table in &TABLES[..place.table] {
        let table = std::slice::from_ref(table);
        moved.before += digests(source, table).await?.iter().map(|one| one.rows).sum::<u64>();
    }
    moved.rows = moved.before;
    let mut rows = source.read(&TABLES[place.table..]).await?;
    let mut skipped = place.rows;
    while let Some(mut page) = rows.next().await? {
        if page.table == &TABLES[place.table] && skipped > 0 {
            let here = usize::try_from(skipped).unwrap_or(usize::MAX).min(page.rows.len());
            page.rows.drain(..here);
            skipped -= here as u64;
        }
        let number = page.rows.len() as u64;
        if page.table.name == "running" {
            moved.running += number;
        }
        place.fence.pass(&mut page);
        writing.write(page).await?;
        moved.rows += number;
        progress.advance(number);
    }
    Ok(moved)
}

/// Refuses stores that differ.
pub(super) async fn compare(source: &dyn Archive, target: &dyn Archive) -> anyhow::Result<()> {
    let (ours, theirs) = tokio::try_join!(digests(source, TABLES), digests(target, TABLES))?;
    for ((table, ours), theirs) in TABLES.iter().zip(ours).zip(theirs) {
        // Each store counts its own numbers, from these on.
        if ours != theirs && table.name != "counter" {
            let (had, has) = (ours.rows, theirs.rows);
            let what = format!("{} is not the same in both: {had} rows and {has}", table.name);
            return Err(Failure::new(Exit::Failed, what).into());
        }
    }
    Ok(())
}

/// What each table comes to.
async fn digests(
    archive: &dyn Archive,
    tables: &'static [windlass::archive::Table],
) -> Result<Vec<Digest>, windlass::StoreError> {
    let mut digests = vec![Digest::default(); tables.len()];
    let mut rows = archive.read(tables).await?;
    while let Some(page) = rows.next().await? {
        let nth = tables.iter().position(|table| table == page.table);
        if let Some(digest) = nth.and_then(|nth| digests.get_mut(nth)) {
            *digest = added(*digest, page).await;
        }
    }
    Ok(digests)
}

/// A page is some milliseconds of work, away from the thread on which the other store's pages come in.
async fn added(mut digest: Digest, page: Page) -> Digest {
    let before = digest;
    let added = tokio::task::spawn_blocking(move || {
        digest.add(&page);
        digest
    });
    added.await.unwrap_or(before)
}
