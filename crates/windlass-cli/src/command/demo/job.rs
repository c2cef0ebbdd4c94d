//! The demo's kinds of jobs, what they compute, and the list of what one demo enqueues.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use windlass::job::{Due, Page};
use windlass::{Context, Job, JobError, JobRecord, NewJob, Run, State};

use super::Location;
use super::part::Part;

/// Jobs that one worker process runs at once.
pub(super) const SLOTS: usize = 6;
/// More jobs than a demo has.
pub(super) const PAGE: Page = Page { before: None, limit: 2_000 };
/// Its job must end dead.
pub(super) const MISSING_FILE: &str = "missing-on-purpose.txt";
/// How soon a failed copy is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(700);
/// Different words that one output keeps, and that the report does.
const WORDS_KEPT: usize = 100;
const WORDS_REPORTED: usize = 5;

/// Counts the words of a part.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "file.words")]
pub(super) struct FileWords(pub(super) Part);

/// Copies a part, through a connection that breaks the first times.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "file.copy", priority = -1)]
pub(super) struct FileCopy {
    pub(super) part: Part,
    pub(super) to: PathBuf,
    failures: u32,
}

/// Adds up the words that the other jobs counted.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "report.build")]
pub(super) struct Report {}

/// Words that were counted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Words {
    pub(super) words: u64,
    /// The most frequent ones, those of one frequency by the alphabet.
    pub(super) often: Vec<(String, u64)>,
}

/// Two jobs for each part, and one that must end dead. The report is enqueued after them.
pub(super) fn plan(parts: &[Part], at: &Location, pace: Duration) -> anyhow::Result<Vec<NewJob>> {
    let copies = at.folder.join("copies");
    fs::create_dir(&copies)?;
    let missing = Part { file: at.folder.join(MISSING_FILE), at: 0, bytes: 1 };
    let mut jobs = vec![FileWords(missing).job().into_new_job()?];
    for (nth, part) in parts.iter().enumerate() {
        jobs.push(FileWords(part.clone()).job().into_new_job()?);
        let (part, to) = (part.clone(), copies.join(format!("{nth:03}")));
        let failures = [1, 0, 0, 2, 0, 0][nth % 6];
        let mut copy = FileCopy { part, to, failures }.job().into_new_job()?;
        // Before what waits, otherwise second attempts would be the last of all; and due one after
        // the other, otherwise copies would be the first of all.
        copy.due = Due::In(pace.mul_f64(0.9 * nth as f64 / parts.len() as f64));
        jobs.push(copy);
    }
    jobs.iter_mut().for_each(|job| job.queue.clone_from(&at.queue));
    Ok(jobs)
}

/// The SHA-256 of a copy, its job's output.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Words {
    pub(super) fn of_text(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        Self::add_up(words.map(|word| (word.to_owned(), 1)), WORDS_KEPT)
    }

    /// What the completed jobs counted, in all.
    pub(super) fn of_jobs(jobs: &[JobRecord]) -> serde_json::Result<Self> {
        let counts =
            |job: &&JobRecord| job.kind == FileWords::KIND && job.state == State::Completed;
        let outputs = jobs.iter().filter(counts).filter_map(|job| job.output.as_ref());
        let counted = outputs.map(|output| output.read()).collect::<Result<Vec<Self>, _>>()?;
        let words = counted.iter().map(|counted| counted.words).sum();
        let often = counted.into_iter().flat_map(|counted| counted.often);
        Ok(Self { words, ..Self::add_up(often, WORDS_REPORTED) })
    }

    fn add_up(words: impl Iterator<Item = (String, u64)>, kept: usize) -> Self {
        let mut times = HashMap::<String, u64>::new();
        words.for_each(|(word, more)| *times.entry(word).or_default() += more);
        let words = times.values().sum();
        let mut often: Vec<(String, u64)> = times.into_iter().collect();
        often.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        often.truncate(kept);
        Self { words, often }
    }
}

/// Reads a part after the pause that the worker makes in each job, so that a person can watch.
async fn read(part: &Part, cx: &Context<Duration>) -> Result<Vec<u8>, JobError> {
    tokio::time::sleep(cx.app().mul_f64(0.5 + fastrand::f64())).await;
    match part.read() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = part.file.file_name().unwrap_or_default();
            Err(JobError::dead(format_args!("{}: no such file", name.display())))
        }
        read => Ok(read?),
    }
}

impl Run<Duration> for FileWords {
    type Output = Words;

    async fn run(self, cx: &Context<Duration>) -> Result<Words, JobError> {
        Ok(Words::of_text(&read(&self.0, cx).await?))
    }
}

impl Run<Duration> for FileCopy {
    type Output = String;

    async fn run(self, cx: &Context<Duration>) -> Result<String, JobError> {
        let bytes = read(&self.part, cx).await?;
        if cx.failures() < self.failures {
            return Err(JobError::retry_after(RETRY_AFTER, "connection reset (made up)"));
        }
        fs::write(&self.to, &bytes)?;
        Ok(hash(&bytes))
    }
}

impl Run<Duration> for Report {
    type Output = Words;

    async fn run(self, cx: &Context<Duration>) -> Result<Words, JobError> {
        let filter = format!("queue:{} state:completed", cx.queue()).parse()?;
        Ok(Words::of_jobs(&cx.client().jobs(&filter, PAGE).await?)?)
    }
}
