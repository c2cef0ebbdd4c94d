//! The event that a job comes of, as programs and targets are told it: a CloudEvent without its data, which are the args.

use windlass::event::CloudEventBody;
use windlass::{AttemptContext, JobError};

/// Bytes that a variable may have on Linux, with its name.
const VARIABLE_BYTES: usize = 128 << 10;

/// The variable that has it.
pub(super) const VARIABLE: &str = "WINDLASS_EVENT";

/// The event of an attempt's job; none where it comes of none.
pub(super) fn of(attempt: &AttemptContext) -> Option<CloudEventBody<'_>> {
    attempt.event().map(CloudEventBody::without_data)
}

/// The same as the text of a variable.
///
/// # Errors
/// Where no program can be given so much.
pub(super) fn variable(attempt: &AttemptContext) -> Result<Option<String>, JobError> {
    let Some(event) = of(attempt) else { return Ok(None) };
    let text = serde_json::to_string(&event)?;
    // Its name, the sign between them and the end.
    if text.len() + VARIABLE.len() + 2 > VARIABLE_BYTES {
        let what = "the attributes of its event are too large for a variable of a program";
        return Err(JobError::dead(what));
    }
    Ok(Some(text))
}
