//! Redaction: which fields of args, data, outputs and the like are not shown, and what stands in their place.
//!
//! Marks come from two places: a configuration names fields by patterns and by paths of kinds and types; a type of jobs or
//! events has marks of its own, which are stored with each job and event. Workers get everything: only what is shown is hidden.

mod field;
mod record;
mod text;

use std::borrow::Cow;

use serde::Deserialize;

pub use field::{FieldPath, RedactionError, check_marks};
pub use record::Shown;

use crate::event::EventMeta;
use crate::filter::Path;
use crate::job::{JobRecord, Meta};
use crate::json::Json;
use crate::name::matches;
use crate::subscription::event_of;
use text::{HIDDEN, Rules};

/// What stands in the place of a field that is not shown.
pub const REDACTED: &str = "[redacted]";
/// The member of an event of CloudEvents, as jobs of several events have them in their args, that has the data.
const DATA: &str = "data";
/// The member of a schedule's declaration that has the args.
const ARGS: &str = "args";

/// What a schedule's declaration says of its args.
#[derive(Deserialize)]
struct Declared {
    kind: String,
    #[serde(default)]
    meta: Meta,
}

/// Which fields are not shown. What types mark by themselves is hidden by each, also by the default.
///
/// ```
/// # use windlass_core::redact::Redaction;
/// let redaction = Redaction::default()
///     .fields(["password", "*_token"])?
///     .kind("customer.*", ["card.number"])?
///     .event_type("order.paid", ["iban"])?;
/// # Ok::<(), windlass_core::redact::RedactionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Patterns of members' names, at any depth; in small letters.
    fields: Vec<String>,
    /// Patterns of kinds, each with a path.
    kinds: Vec<(String, FieldPath)>,
    /// Patterns of types of events, each with a path.
    event_types: Vec<(String, FieldPath)>,
    /// Whether even what types mark is shown.
    shows_all: bool,
}

impl Redaction {
    /// Hides nothing, not even what types mark: for who holds the database.
    #[must_use]
    pub fn none() -> Self {
        Self { shows_all: true, ..Self::default() }
    }

    /// Hides members with these names, wherever they are. `*` stands for any run of characters; small and capital letters are
    /// the same.
    ///
    /// # Errors
    /// When a name is empty or too long.
    pub fn fields<T: AsRef<str>>(
        mut self,
        names: impl IntoIterator<Item = T>,
    ) -> Result<Self, RedactionError> {
        for name in names {
            self.fields.push(field::name(name.as_ref())?);
        }
        Ok(self)
    }

    /// Hides what stands at these paths of the args of jobs of a kind, or of kinds such as `customer.*`, and of what else such
    /// jobs have: outputs, results of steps, checkpoints, what came with signals.
    ///
    /// # Errors
    /// When a path cannot be read.
    pub fn kind<T: AsRef<str>>(
        mut self,
        pattern: impl Into<String>,
        paths: impl IntoIterator<Item = T>,
    ) -> Result<Self, RedactionError> {
        self.kinds.extend(each(pattern.into(), paths)?);
        Ok(self)
    }

    /// Hides what stands at these paths of the data of events of a type, or of types such as `order.*`, and of the args of jobs
    /// that come of such events.
    ///
    /// # Errors
    /// When a path cannot be read.
    pub fn event_type<T: AsRef<str>>(
        mut self,
        pattern: impl Into<String>,
        paths: impl IntoIterator<Item = T>,
    ) -> Result<Self, RedactionError> {
        self.event_types.extend(each(pattern.into(), paths)?);
        Ok(self)
    }

    /// The args of a kind, as they are shown where they belong to no job yet, such as those of a schedule.
    #[must_use]
    pub fn args<'a>(&self, (kind, meta): (&str, &Meta), args: &'a Json) -> Cow<'a, Json> {
        self.of_kind(kind, meta).json(args)
    }

    /// What was declared of a schedule, as it is kept, with its args as they are shown.
    #[must_use]
    pub fn declaration<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Ok(Declared { kind, meta }) = serde_json::from_str(text) else {
            let hides = !self.shows_all && !self.says_nothing();
            return Cow::Borrowed(if hides { REDACTED } else { text });
        };
        let mut rules = self.of_kind(&kind, &meta);
        rules.paths = rules.paths.iter().map(|path| path.below(ARGS)).collect();
        rules.text(text)
    }

    /// A document of Windlass itself: what it may have of others is hidden by names alone.
    #[must_use]
    pub fn document<'a>(&self, document: &'a Json) -> Cow<'a, Json> {
        Rules { names: &self.fields, paths: Vec::new() }.json(document)
    }

    /// A text of others that is to be an event and is none: what events hide is hidden at any depth, and all of it where it is
    /// not JSON, since nobody can tell what is in it.
    #[must_use]
    pub fn foreign<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let last = self.event_types.iter().map(|(_, path)| path.last().to_owned());
        let names: Vec<String> = self.fields.iter().cloned().chain(last).collect();
        match (Rules { names: &names, paths: Vec::new() }).text(text) {
            Cow::Owned(whole) if whole == HIDDEN => Cow::Borrowed(REDACTED),
            shown => shown,
        }
    }

    /// Whether a filter that looks at this place of args would tell what is not shown.
    #[must_use]
    pub fn hides_in_args(&self, path: &Path) -> bool {
        let members = path.members();
        let of_event = |path: &FieldPath| path.covers(members) || path.below(DATA).covers(members);
        self.hides_name(members)
            || self.kinds.iter().any(|(_, path)| path.covers(members))
            || self.event_types.iter().any(|(_, path)| of_event(path))
    }

    /// Whether a filter that looks at this place of data would tell what is not shown.
    #[must_use]
    pub fn hides_in_data(&self, path: &Path) -> bool {
        let members = path.members();
        self.hides_name(members) || self.event_types.iter().any(|(_, path)| path.covers(members))
    }

    fn hides_name(&self, members: &[String]) -> bool {
        let is_hidden = |name: &String| {
            let name = name.to_lowercase();
            self.fields.iter().any(|pattern| matches(pattern, &name))
        };
        members.iter().any(is_hidden)
    }

    /// Whether nothing is hidden but what types mark.
    fn says_nothing(&self) -> bool {
        self.fields.is_empty() && self.kinds.is_empty() && self.event_types.is_empty()
    }

    fn of_kind(&self, kind: &str, meta: &Meta) -> Rules<'_> {
        let of_kind = self.kinds.iter().filter(|(pattern, _)| matches(pattern, kind));
        let paths = of_kind.map(|(_, path)| path.clone());
        self.rules(&meta.redact, paths)
    }

    /// Of a job, and of the event that it comes of. Where nobody knows its type, what any type hides is hidden.
    fn of_job(&self, job: &JobRecord, event_type: Option<&str>) -> Rules<'_> {
        let mut rules = self.of_kind(&job.kind, &job.meta);
        if !self.shows_all && event_of(job.id).is_some() {
            for path in self.of_types(event_type) {
                rules.paths.push(path.below(DATA));
                rules.paths.push(path.clone());
            }
        }
        rules
    }

    /// What comes of something may have the data of an event of any other type.
    fn of_event(&self, event_type: &str, has_parent: bool, meta: &EventMeta) -> Rules<'_> {
        let event_type = Some(event_type).filter(|_| !has_parent);
        self.rules(&meta.redact, self.of_types(event_type).cloned())
    }

    fn of_types(&self, event_type: Option<&str>) -> impl Iterator<Item = &FieldPath> {
        let is_its = move |pattern: &str| event_type.is_none_or(|name| matches(pattern, name));
        self.event_types.iter().filter(move |(pattern, _)| is_its(pattern)).map(|(_, path)| path)
    }

    fn rules(&self, marks: &[String], paths: impl Iterator<Item = FieldPath>) -> Rules<'_> {
        if self.shows_all {
            return Rules { names: &[], paths: Vec::new() };
        }
        let own = marks.iter().map(|mark| FieldPath::stored(mark));
        Rules { names: &self.fields, paths: own.chain(paths).collect() }
    }
}

fn each<T: AsRef<str>>(
    pattern: String,
    paths: impl IntoIterator<Item = T>,
) -> Result<Vec<(String, FieldPath)>, RedactionError> {
    if pattern.is_empty() {
        return Err(RedactionError::Pattern);
    }
    let one = |path: T| Ok((pattern.clone(), path.as_ref().parse()?));
    paths.into_iter().map(one).collect()
}

/// Whether one of these marks covers this place.
pub(crate) fn covers(marks: &[String], path: &Path) -> bool {
    marks.iter().any(|mark| FieldPath::stored(mark).covers(path.members()))
}

/// The marks of an event, as they are in a job that has the event, and not its data alone, in its args.
pub(crate) fn below_data(mark: &str) -> String {
    format!("{DATA}.{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::args(text).expect("JSON")
    }

    #[test]
    fn a_configuration_hides_by_names_and_by_the_paths_of_a_kind() {
        let redaction = Redaction::default()
            .fields(["password", "*_token"])
            .and_then(|all| all.kind("customer.*", ["card.number"]))
            .expect("a redaction");
        let args =
            json(r#"{"card":{"number":"4111","exp":"1/30"},"Api_Token":1,"x":[{"password":2}]}"#);
        let shown = |kind: &str| redaction.args((kind, &Meta::default()), &args).to_string();
        assert_eq!(
            shown("customer.create"),
            r#"{"card":{"number":"[redacted]","exp":"1/30"},"Api_Token":"[redacted]","x":[{"password":"[redacted]"}]}"#
        );
        assert!(shown("order.create").contains("4111"), "other kinds have other fields");
    }

    /// What comes of an event may have its data, under another type.
    #[test]
    fn an_event_that_comes_of_another_hides_what_any_type_does() {
        let redaction = Redaction::default();
        let redaction = redaction.event_type("order.paid", ["iban"]).expect("a redaction");
        let hidden = |event_type: &str, has_parent| {
            let rules = redaction.of_event(event_type, has_parent, &EventMeta::default());
            rules.paths.len() == 1
        };
        assert!(hidden("order.paid", false) && hidden("order.paid", true));
        assert!(!hidden("order.told", false) && hidden("order.told", true));
    }

    #[test]
    fn a_type_hides_by_its_own_marks_whatever_the_configuration_says() {
        let mut meta = Meta::default();
        meta.redact = vec!["card".to_owned()];
        let args = json(r#"{"card":"4111"}"#);
        let shown = |redaction: Redaction| redaction.args(("k", &meta), &args).to_string();
        assert_eq!(shown(Redaction::default()), r#"{"card":"[redacted]"}"#);
        assert_eq!(shown(Redaction::none()), r#"{"card":"4111"}"#);
    }

    #[test]
    fn a_text_that_is_no_json_is_hidden_where_anything_is() {
        let redaction = Redaction::default().event_type("a", ["card.number"]).expect("redaction");
        assert_eq!(redaction.foreign("<card/>"), REDACTED);
        assert_eq!(redaction.foreign(r#"{"x":{"number":1}}"#), r#"{"x":{"number":"[redacted]"}}"#);
        assert_eq!(Redaction::default().foreign("<card/>"), "<card/>");
    }

    #[test]
    fn a_filter_must_not_look_where_something_is_hidden() {
        let redaction = Redaction::default()
            .fields(["*secret*"])
            .and_then(|all| all.kind("a", ["cards.*.number"]))
            .and_then(|all| all.event_type("b", ["iban"]))
            .expect("a redaction");
        let path = |text: &str| Path::new(text.split('.'));
        let in_args = |text: &str| redaction.hides_in_args(&path(text));
        assert!(
            in_args("cards.0.number") && in_args("cards.0.number.x") && in_args("x.MySecret.0")
        );
        assert!(in_args("iban") && in_args("0.data.iban"));
        assert!(!in_args("cards.0.exp") && !in_args("number"));
        let in_data = |text: &str| redaction.hides_in_data(&path(text));
        assert!(in_data("IBAN") && in_data("secret") && !in_data("cards.0.number"));
    }

    #[test]
    fn a_name_and_a_path_are_checked() {
        let refused = |what: Result<Redaction, RedactionError>| {
            what.map(|_| ()).expect_err("it is refused").to_string()
        };
        assert!(refused(Redaction::default().fields([""])).contains("1 to 256 bytes"));
        assert!(refused(Redaction::default().kind("a", ["b..c"])).contains("`b..c`"));
        assert!(refused(Redaction::default().kind("", ["b"])).contains("a kind or a type"));
    }
}
