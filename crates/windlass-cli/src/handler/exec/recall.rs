//! What earlier attempts have recorded, in a file for the program.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;
use tempfile::TempPath;
use windlass::step::StepForm;
use windlass::{AttemptContext, JobError, Json};

use super::result::file_in;

/// The file's content.
#[derive(Debug, Default, Serialize)]
pub(super) struct Recall {
    checkpoint: Option<Box<RawValue>>,
    /// What each step has returned, by its name.
    steps: BTreeMap<String, Option<Json>>,
}

/// The file, removed with this value.
#[derive(Debug)]
pub(super) struct RecallFile(TempPath);

impl Recall {
    /// Asks the store what there is, unless this is the first attempt.
    pub(super) async fn of(attempt: &AttemptContext) -> Result<Self, JobError> {
        let mut recall = Self::default();
        if attempt.attempt() > 1 {
            recall.checkpoint = attempt.last_checkpoint().await?;
            let steps = attempt.recorded_steps().await?.into_iter();
            let done = steps.filter(|step| step.form == StepForm::Work);
            recall.steps = done.map(|step| (step.name, step.output)).collect();
        }
        Ok(recall)
    }

    /// Writes it down.
    pub(super) fn below(&self, folder: &Path) -> io::Result<RecallFile> {
        let mut file = file_in(folder, "recall-")?;
        file.as_file_mut().write_all(&serde_json::to_vec(self)?)?;
        Ok(RecallFile(file.into_temp_path()))
    }
}

impl RecallFile {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}
