//! What is done for a time: until when, and why.

use std::time::Duration;

use serde::Deserialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::queue::Pause;

use crate::api::Api;
use crate::limits::{LONGEST, NOTE_BYTES};
use crate::problem::Problem;
use crate::schema;

/// How long a pause lasts, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPause)]
pub(crate) struct PauseBody {
    /// Why, and by whom; it is shown wherever the pause is. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    note: Option<String>,
    /// It ends by itself after this long, by the database's clock.
    #[schema(minimum = 1, maximum = 3_153_600_000_000_u64)]
    for_ms: Option<u64>,
    /// It ends by itself at this moment, which is ahead.
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Timestamp>,
}

/// Why something is done.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNote)]
pub(crate) struct NoteBody {
    /// For people, who see it wherever what was done is shown. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    pub(crate) note: Option<String>,
}

impl PauseBody {
    /// This pause, as it was asked for.
    pub(crate) async fn apply(self, api: &Api, pause: Pause) -> Result<Pause, Problem> {
        let note = note("/note", self.note)?;
        let pause = note.into_iter().fold(pause, Pause::note);
        Ok(match ending(api, self.for_ms, self.until).await? {
            None => pause,
            Some(Ending::After(time)) => pause.lasting(time),
            Some(Ending::At(moment)) => pause.until(moment),
        })
    }
}

/// When something ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// After this long.
    After(Duration),
    /// At this moment.
    At(Timestamp),
}

/// When something ends by itself, as `for_ms` or `until` of a body says.
pub(crate) async fn ending(
    api: &Api,
    for_ms: Option<u64>,
    until: Option<Timestamp>,
) -> Result<Option<Ending>, Problem> {
    match (for_ms, until) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Problem::body("/until".to_owned(), "stands without `for_ms`")),
        (Some(ms), None) => time("/for_ms", ms).map(|time| Some(Ending::After(time))),
        (None, Some(moment)) if moment > api.store().facts().await?.now => {
            Ok(Some(Ending::At(moment)))
        }
        (None, Some(_)) => {
            Err(Problem::body("/until".to_owned(), "is over: give a moment that is ahead"))
        }
    }
}

/// A time of at least a millisecond and at most 100 years.
fn time(pointer: &str, ms: u64) -> Result<Duration, Problem> {
    let time = Duration::from_millis(ms);
    if time.is_zero() || time > LONGEST {
        let detail = format!("expected 1 to {} milliseconds, found {ms}", LONGEST.as_millis());
        return Err(Problem::body(pointer.to_owned(), detail));
    }
    Ok(time)
}

/// A text for people that a store can keep.
pub(crate) fn note(pointer: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    let refuse = |detail: String| Err(Problem::body(pointer.to_owned(), detail));
    match text {
        Some(text) if text.len() > NOTE_BYTES => {
            refuse(format!("at most {NOTE_BYTES} bytes, found {}", text.len()))
        }
        Some(text) if text.contains('\0') => {
            refuse("has a NUL character, which cannot be stored".to_owned())
        }
        text => Ok(text),
    }
}
