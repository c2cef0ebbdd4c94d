//! The options that say which events are wanted.

use std::fs;

use windlass::limits::FILTER_BYTES;
use windlass::subscription::Filter;
use windlass_http::subscription::{FilterParts, Part};

use crate::exit::Failure;
use crate::output::Output;

/// Which events are wanted; all, where nothing is given. What is given holds together.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// A type, or a pattern such as 'order.*'; may be given several times
    #[arg(long = "type", value_name = "PATTERN")]
    types: Vec<String>,
    /// The filter as JSON, or @FILE
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// An SQL expression of CloudEvents, such as 'data.total >= 1000'
    #[arg(long, value_name = "CESQL")]
    sql: Option<String>,
}

impl FilterArgs {
    /// Whether anything is said.
    pub(super) fn is_given(&self) -> bool {
        !self.types.is_empty() || self.filter.is_some() || self.sql.is_some()
    }

    /// # Errors
    /// The option that is wrong, and the place in it; a person is shown the place in an expression.
    pub(super) fn read(self, out: &Output) -> anyhow::Result<Filter> {
        let filter = self.filter.map(|text| json(&text)).transpose()?;
        let parts = FilterParts { types: self.types, filter, sql: self.sql };
        Ok(parts.read().map_err(|wrong| {
            let option = match wrong.part {
                Part::Types => "--type",
                Part::Filter => "--filter",
                Part::Sql => "--sql",
            };
            if let (Some(drawn), false) = (wrong.drawn(), out.is_json()) {
                out.aside(&drawn);
            }
            Failure::usage(format!("{option}: {}; nothing was written", wrong.what))
        })?)
    }
}

fn json(text: &str) -> anyhow::Result<serde_json::Value> {
    let refuse = |what: String| Failure::usage(format!("--filter: {what}; nothing was written"));
    let text = match text.strip_prefix('@') {
        None => text.to_owned(),
        Some(path) => {
            let cannot = |error| refuse(format!("the file {path} cannot be read: {error}"));
            if fs::metadata(path).map_err(cannot)?.len() > FILTER_BYTES as u64 {
                let limit = format!("{path} is above the limit of {FILTER_BYTES} bytes");
                return Err(refuse(limit).into());
            }
            fs::read_to_string(path).map_err(cannot)?
        }
    };
    // Read as a filter first: that refuses what a value of JSON would let pass, such as a key that is there twice.
    if let Err(error @ windlass::subscription::FilterError::Syntax(_)) = Filter::parse(&text) {
        return Err(refuse(error.to_string()).into());
    }
    Ok(serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?)
}
