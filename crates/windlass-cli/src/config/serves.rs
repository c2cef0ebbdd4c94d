//! `[worker]`: which of the handlers a process serves, by patterns.

use windlass::name::matches;

use super::reader::Table;
use super::{ConfigError, HandlerConfig};

pub(super) const KEYS: [&str; 5] = ["slots", "processes", "build", "queues", "kinds"];
const PATTERN_KEYS: [&str; 2] = ["include", "exclude"];

/// Names that fit one of `include` and none of `exclude`; in both, `*` stands for any run of
/// characters. An empty `include` is every name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns {
    /// What is wanted.
    pub(crate) include: Vec<String>,
    /// What is not, even where it is wanted.
    pub(crate) exclude: Vec<String>,
}

impl Patterns {
    /// Whether a name is wanted.
    pub(crate) fn allow(&self, name: &str) -> bool {
        let fits = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
        (self.include.is_empty() || fits(&self.include)) && !fits(&self.exclude)
    }
}

/// What a worker process serves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Serves {
    /// Of the queues.
    pub(crate) queues: Patterns,
    /// Of the kinds.
    pub(crate) kinds: Patterns,
}

impl Serves {
    /// Whether a handler is served.
    pub(crate) fn allow(&self, handler: &HandlerConfig) -> bool {
        self.queues.allow(&handler.queue) && self.kinds.allow(&handler.kind)
    }
}

pub(super) fn read(table: &Table<'_, '_>) -> Result<Serves, ConfigError> {
    Ok(Serves { queues: patterns(table, "queues")?, kinds: patterns(table, "kinds")? })
}

fn patterns(table: &Table<'_, '_>, key: &'static str) -> Result<Patterns, ConfigError> {
    let Some(inner) = table.table(key, key, &PATTERN_KEYS)? else { return Ok(Patterns::default()) };
    Ok(Patterns {
        include: inner.texts("include")?.unwrap_or_default(),
        exclude: inner.texts("exclude")?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusion_wins_over_inclusion() {
        let patterns = |include: &[&str], exclude: &[&str]| Patterns {
            include: include.iter().map(|text| (*text).to_owned()).collect(),
            exclude: exclude.iter().map(|text| (*text).to_owned()).collect(),
        };
        assert!(patterns(&[], &[]).allow("a.x"));
        assert!(patterns(&["a.*"], &[]).allow("a.x"));
        assert!(!patterns(&["a.*"], &[]).allow("b.x"));
        assert!(!patterns(&["a.*"], &["*.x"]).allow("a.x"));
        assert!(patterns(&[], &["b.*"]).allow("a.x"));
    }
}
