//! Filters as parameters.

use std::str::FromStr;

use windlass::filter::{ParseFilterError, Path};
use windlass::{event, job, subscription};

use crate::api::Api;
use crate::limits::FILTER_BYTES;
use crate::problem::{Code, Problem};

/// Reads a filter of jobs. One that would tell what is not shown is refused.
pub(crate) fn of_jobs(api: &Api, text: Option<&str>) -> Result<job::Filter, Problem> {
    let filter: job::Filter = read(text)?;
    if let Some(path) = filter.args().find(|path| api.redaction().hides_in_args(path)) {
        return Err(hidden("args", path));
    }
    Ok(filter)
}

/// Reads a filter of events. One that would tell what is not shown is refused.
pub(crate) fn of_events(api: &Api, text: Option<&str>) -> Result<event::Filter, Problem> {
    let filter: event::Filter = read(text)?;
    check_places(api, filter.data())?;
    Ok(filter)
}

/// Refuses what a subscription wants where it would tell what is not shown: who sees what comes of it could guess.
pub(crate) fn check_wanted(api: &Api, filter: &subscription::Filter) -> Result<(), Problem> {
    check_places(api, filter.data_paths().iter())
}

/// The same of places in data.
pub(crate) fn check_places<'a>(
    api: &Api,
    mut places: impl Iterator<Item = &'a Path>,
) -> Result<(), Problem> {
    match places.find(|path| api.redaction().hides_in_data(path)) {
        Some(path) => Err(hidden("data", path)),
        None => Ok(()),
    }
}

fn hidden(of: &str, path: &Path) -> Problem {
    let detail = format!(
        "{of}.{path} is not shown here, so that nothing can be looked for by it; leave that term out"
    );
    Problem::new(Code::Forbidden, detail)
}

/// Reads a filter's text.
fn read<F: FromStr<Err = ParseFilterError>>(text: Option<&str>) -> Result<F, Problem> {
    let text = text.unwrap_or_default();
    if text.len() > FILTER_BYTES {
        let detail = format!("at most {FILTER_BYTES} bytes, found {}", text.len());
        return Err(Problem::parameter("filter", detail));
    }
    text.parse().map_err(|error: ParseFilterError| Problem::parameter("filter", error.to_string()))
}
