//! Filters as parameters.

use std::str::FromStr;

use windlass::filter::ParseFilterError;

use crate::limits::FILTER_BYTES;
use crate::problem::Problem;

/// Reads a filter's text.
pub(crate) fn read<F: FromStr<Err = ParseFilterError>>(text: Option<&str>) -> Result<F, Problem> {
    let text = text.unwrap_or_default();
    if text.len() > FILTER_BYTES {
        let detail = format!("at most {FILTER_BYTES} bytes, found {}", text.len());
        return Err(Problem::parameter("filter", detail));
    }
    text.parse().map_err(|error: ParseFilterError| Problem::parameter("filter", error.to_string()))
}
