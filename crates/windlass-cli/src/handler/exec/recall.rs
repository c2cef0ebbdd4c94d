//! What earlier attempts have recorded, in a file for the program.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;
use tempfile::TempPath;
use windlass::step::StepForm;
use windlass::{AttemptContext, JobError, Json};

/// The file's content.
#[derive(Debug, Default, Serialize)]
struct Recall {
    checkpoint: Option<Box<RawValue>>,
    /// What each step has returned, by its name.
    steps: BTreeMap<String, Option<Json>>,
}

/// The file, removed with this value.
#[derive(Debug)]
pub(super) struct RecallFile(TempPath);

impl RecallFile {
    /// Asks the store what there is, unless this is the first attempt, and writes it down.
    pub(super) async fn below(folder: &Path, attempt: &AttemptContext) -> Result<Self, JobError> {
        let mut recall = Recall::default();
        if attempt.attempt() > 1 {
            recall.checkpoint = attempt.last_checkpoint().await?;
            let steps = attempt.recorded_steps().await?.into_iter();
            let done = steps.filter(|step| step.form == StepForm::Work);
            recall.steps = done.map(|step| (step.name, step.output)).collect();
        }
        let text = serde_json::to_vec(&recall)?;
        Ok(Self(write(folder, &text)?))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

fn write(folder: &Path, text: &[u8]) -> io::Result<TempPath> {
    let file = tempfile::Builder::new().prefix("recall-").suffix(".json").tempfile_in(folder)?;
    let path = file.into_temp_path();
    std::fs::write(&path, text)?;
    Ok(path)
}
