//! What a subscription wants.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};

use super::builder::FilterBuilder;
use super::decode;
use super::event::EventView;
use super::explain::{self, Explanation};
use super::key::Key;
use super::pattern::{ParseTypeError, TypePattern};
use super::predicate::Clauses;
use super::read;
use super::sql::SqlError;
use super::words::one_line;
use crate::filter::Path;
use crate::limits::FILTER_BYTES;

/// Which events are wanted: those of one of these types for which all predicates hold. One without either wants every
/// event.
///
/// In JSON, and in the same way in TOML:
///
/// ```
/// # use windlass_core::subscription::Filter;
/// let filter = Filter::parse(
///     r#"{
///         "types": ["build.failed", "deploy.*"],
///         "all": [
///             {"exact": {"subject": "project/kde", "data.branch": "main"}},
///             {"not": {"prefix": {"source": "/ci/nightly"}}},
///             {"any": [{"sql": "data.total >= 1000"}, {"suffix": {"data.items.0.sku": "-L"}}]}
///         ]
///     }"#,
/// )?;
/// # Ok::<_, windlass_core::subscription::FilterError>(())
/// ```
///
/// A predicate has one key, by the draft of CloudEvents Subscriptions:
///
/// - `exact`, `prefix`, `suffix`: attributes and members of the data (`data.path.to.member`, `data.items.0.sku`,
///   `data."a.b"`) by their names, each with what it is, begins with or ends with; all of them must. A member of the data is
///   compared with a text, a number, a boolean or null, and is equal to none of another type. Attributes are compared as
///   they are written: 3 is the text `3`.
/// - `all`, `any`, `not`: of other predicates. By the draft, `not` holds where an expression in it has an error.
/// - `sql`: an SQL expression of CloudEvents, which holds where it gives TRUE. It may look at members of the data in
///   the same way. One with an error does not hold. AND, OR and XOR are read from left to right, `a OR b AND c` as
///   `(a OR b) AND c`, and NOT holds most closely: `NOT (a = b)` needs its parentheses.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub(super) types: Vec<TypePattern>,
    pub(super) all: Clauses,
}

/// Why something is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The text is not JSON, or is nested deeper than any filter.
    #[error("not a filter: {0}")]
    Syntax(String),
    /// It is larger than [`FILTER_BYTES`].
    #[error("{bytes} bytes are above the limit of {FILTER_BYTES} bytes for a filter")]
    Large {
        /// The size of its JSON.
        bytes: usize,
    },
    /// There is more of something than there may be.
    #[error("{at}: {found} {what} are above the limit of {limit}")]
    Limit {
        /// Where in the filter: `all[2].exact`.
        at: String,
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much there may be.
        limit: usize,
    },
    /// A part that has no meaning.
    #[error("{at}: {what}")]
    Part {
        /// Where in the filter: `all[2].exact`.
        at: String,
        /// What is wrong with it, and what was expected.
        what: String,
    },
    /// A type that is not a pattern.
    #[error("{at}: {error}")]
    Type {
        /// Where in the filter: `types[2]`.
        at: String,
        /// What is wrong with it.
        #[source]
        error: ParseTypeError,
    },
    /// An expression that cannot be read.
    #[error("{at}: {error}")]
    Sql {
        /// Where in the filter: `all[2].sql`.
        at: String,
        /// What is wrong with it, and in which column.
        #[source]
        error: SqlError,
    },
}

impl Filter {
    /// Reads a filter's JSON.
    ///
    /// # Errors
    /// When it is not JSON, or too large, or has a part that has no meaning; the error says which, and what was
    /// expected.
    pub fn parse(json: &str) -> Result<Self, FilterError> {
        if json.len() > FILTER_BYTES {
            return Err(FilterError::Large { bytes: json.len() });
        }
        let value = decode::from_json(json)
            .map_err(|error| FilterError::Syntax(one_line(&error.to_string())))?;
        Self::of_value(&value)
    }

    /// Whether every event of a type is wanted, whatever else it is.
    pub(super) fn wants_all_of(&self, event_type: &str) -> bool {
        self.all.is_empty() && self.wants_type(event_type)
    }

    /// Begins a filter that wants events of any type.
    pub fn builder() -> FilterBuilder {
        FilterBuilder::default()
    }

    /// Begins a filter that wants events of one of these types: `build.failed`, `build.*`, `*`.
    pub fn of_types<T: Into<String>>(types: impl IntoIterator<Item = T>) -> FilterBuilder {
        FilterBuilder::of_types(types)
    }

    pub(super) fn of_value(value: &Value) -> Result<Self, FilterError> {
        let filter = read::filter(value)?;
        let bytes = filter.to_value().to_string().len();
        if bytes > FILTER_BYTES {
            return Err(FilterError::Large { bytes });
        }
        Ok(filter)
    }

    /// The types that are wanted; where there are none, every type is.
    #[must_use]
    pub fn types(&self) -> &[TypePattern] {
        &self.types
    }

    /// The places in the data that it looks at.
    #[must_use]
    pub fn data_paths(&self) -> Vec<Path> {
        self.all.keys().into_iter().filter_map(Key::data_path).collect()
    }

    /// Whether it wants every event.
    #[must_use]
    pub fn wants_everything(&self) -> bool {
        self.types.is_empty() && self.all.list().is_empty()
    }

    /// Whether events of this type may be wanted.
    #[must_use]
    pub fn wants_type(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|pattern| pattern.fits(kind))
    }

    /// Whether the event is wanted. Its data are parsed only where everything else leaves that open.
    #[must_use]
    pub fn matches(&self, event: &EventView<'_>) -> bool {
        self.wants_type(event.kind()) && self.all.all_hold(event)
    }

    /// Whether the event is wanted, and the clause that decided.
    ///
    /// ```
    /// # use windlass_core::subscription::{EventView, Filter};
    /// let event = EventView::new("1", "/ci", "build.failed").data("{}");
    /// let filter = Filter::of_types(["deploy.*"]).build()?;
    /// assert_eq!(filter.explain(&event).to_string(), "types: build.failed is none of deploy.*");
    /// let filter = Filter::builder().sql("data.total >= 1000").build()?;
    /// let explanation = filter.explain(&event);
    /// assert_eq!(explanation.clause, "all[0].sql");
    /// assert_eq!(explanation.words, "data.total >= 1000: data.total is missing");
    /// # Ok::<_, windlass_core::subscription::FilterError>(())
    /// ```
    #[must_use]
    pub fn explain(&self, event: &EventView<'_>) -> Explanation {
        explain::explain(self, event)
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        if !self.types.is_empty() {
            let types = self.types.iter().map(|pattern| pattern.to_string().into());
            map.insert("types".into(), Value::Array(types.collect()));
        }
        if !self.all.list().is_empty() {
            map.insert("all".into(), self.all.to_value());
        }
        Value::Object(map)
    }
}

/// On one line: `build.*, deploy.failed where subject = "project/kde" and not (data.total >= 1000)`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (nth, pattern) in self.types.iter().enumerate() {
            write!(text, "{}{pattern}", if nth == 0 { "" } else { ", " })?;
        }
        if self.types.is_empty() {
            text.push_str("every event");
        }
        if !self.all.list().is_empty() {
            write!(text, " where {}", self.all.joined(" and "))?;
        }
        f.write_str(&one_line(&text))
    }
}

impl serde::Serialize for Filter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Filter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = decode::bounded(deserializer)?;
        Self::of_value(&value).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{FILTER_DEPTH, FILTER_PREDICATES, FILTER_TEXT_BYTES, FILTER_TYPES};

    fn filter(json: &str) -> Filter {
        Filter::parse(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    fn one(predicate: &str) -> Filter {
        filter(&format!(r#"{{"all": [{predicate}]}}"#))
    }

    fn refused(json: &str) -> String {
        Filter::parse(json).expect_err(json).to_string()
    }

    fn event(data: &str) -> EventView<'_> {
        EventView::new("1", "/ci", "build.failed")
            .subject("project/kde")
            .extension("attempt", 3)
            .extension("late", true)
            .extension("tries", "3")
            .data(data)
    }

    const DATA: &str = r#"{"total": 1200, "word": "5", "none": null, "ok": false, "items": [{"sku": "x-L"}], "empty": ""}"#;

    #[test]
    fn a_filter_without_parts_wants_everything() {
        let everything = filter("{}");
        assert!(everything.wants_everything() && everything.matches(&event("not JSON")));
        assert_eq!(everything, Filter::default());
        assert_eq!(everything.explain(&event("")).to_string(), "every event is wanted");
        assert_eq!(everything.to_string(), "every event");
    }

    #[test]
    fn predicates_hold_for_what_they_name() {
        for (predicate, holds) in [
            (r#"{"exact": {"subject": "project/kde"}}"#, true),
            (r#"{"exact": {"subject": "Project/kde"}}"#, false),
            (r#"{"exact": {"time": "x"}}"#, false),
            (r#"{"exact": {"attempt": 3}}"#, true),
            (r#"{"exact": {"attempt": "3"}}"#, true),
            (r#"{"exact": {"attempt": 3.5}}"#, false),
            (r#"{"exact": {"tries": 3}}"#, true),
            (r#"{"exact": {"tries": true}}"#, false),
            (r#"{"exact": {"late": "true"}}"#, true),
            (r#"{"exact": {"late": false}}"#, false),
            (r#"{"exact": {"data.total": 1200.0}}"#, true),
            (r#"{"exact": {"data.total": "1200"}}"#, false),
            (r#"{"exact": {"data.word": 5}}"#, false),
            (r#"{"exact": {"data.word": "5"}}"#, true),
            (r#"{"exact": {"data.none": null}}"#, true),
            (r#"{"exact": {"data.missing": null}}"#, false),
            (r#"{"exact": {"data.ok": false}}"#, true),
            (r#"{"exact": {"data.empty": ""}}"#, true),
            (r#"{"exact": {"data.items": "x"}}"#, false),
            (r#"{"exact": {"id": "1", "data.ok": false}}"#, true),
            (r#"{"exact": {"id": "2", "data.ok": false}}"#, false),
            (r#"{"prefix": {"subject": "project/", "type": "build."}}"#, true),
            (r#"{"prefix": {"subject": "kde"}}"#, false),
            (r#"{"suffix": {"data.items.0.sku": "-L"}}"#, true),
            (r#"{"suffix": {"data.items.1.sku": "-L"}}"#, false),
            (r#"{"prefix": {"data.total": "12"}}"#, false),
            (r#"{"prefix": {"attempt": "3"}}"#, true),
            (r#"{"all": [{"exact": {"id": "1"}}, {"exact": {"id": "2"}}]}"#, false),
            (r#"{"any": [{"exact": {"id": "1"}}, {"exact": {"id": "2"}}]}"#, true),
            (r#"{"not": {"exact": {"id": "2"}}}"#, true),
            (r#"{"sql": "data.total >= 1000"}"#, true),
            (r#"{"sql": "data.missing >= 1000"}"#, false),
            (r#"{"not": {"sql": "data.missing >= 1000"}}"#, true),
            (r#"{"sql": "late"}"#, true),
            (r#"{"sql": "subject"}"#, false),
        ] {
            assert_eq!(one(predicate).matches(&event(DATA)), holds, "{predicate}");
        }
    }

    #[test]
    fn what_decided_is_told() {
        let types = filter(r#"{"types": ["deploy.*", "a", "b", "c", "d", "e", "f"]}"#);
        assert_eq!(
            types.explain(&event(DATA)).to_string(),
            "types: build.failed is none of deploy.*, a, b, c, d, 2 more"
        );
        let fits = filter(r#"{"types": ["deploy.*", "build.*"]}"#);
        assert_eq!(fits.explain(&event(DATA)).to_string(), "types: build.failed fits build.*");
        for (predicate, told) in [
            (
                r#"{"exact": {"subject": "x", "id": "1"}}"#,
                r#"all[0].exact.subject: subject is "project/kde", and must be "x""#,
            ),
            (r#"{"exact": {"id": "1", "late": true}}"#, r#"all[0].exact: id is "1", late is true"#),
            (
                r#"{"prefix": {"time": "2"}}"#,
                r#"all[0].prefix.time: time is missing, and must begin with "2""#,
            ),
            (
                r#"{"suffix": {"data.total": "00"}}"#,
                r#"all[0].suffix.data.total: data.total is 1200, and must end with "00""#,
            ),
            (
                r#"{"sql": "id = '1' AND data.count >= 1000"}"#,
                "all[0].sql: data.count >= 1000: data.count is missing",
            ),
            (
                r#"{"not": {"exact": {"id": "1"}}}"#,
                r#"all[0].not.exact.id: must not hold, and does: id is "1""#,
            ),
            (
                r#"{"not": {"sql": "data.x"}}"#,
                "all[0].not.sql: must not hold, and does not: data.x: data.x is missing",
            ),
            (
                r#"{"any": [{"exact": {"id": "2"}}, {"exact": {"late": false}}]}"#,
                r#"all[0].any: none of 2 holds: id is "1", and must be "2"; late is true, and must be false"#,
            ),
            (
                r#"{"any": [{"sql": "data.total = 1200"}, {"exact": {"late": true}}]}"#,
                "all[0].any[1].exact.late: late is true",
            ),
        ] {
            assert_eq!(one(predicate).explain(&event(DATA)).to_string(), told, "{predicate}");
        }
        let both = filter(r#"{"all": [{"sql": "data.total = 1200"}, {"exact": {"late": true}}]}"#);
        assert_eq!(both.explain(&event(DATA)).to_string(), "all: all 2 predicates hold");
        let explained = both.explain(&event("{")).to_string();
        assert!(
            explained.starts_with("all[0].sql: data.total = 1200: the data are not JSON: "),
            "{explained}"
        );
    }

    #[test]
    fn data_are_parsed_only_where_nothing_else_decides() {
        let filter = filter(
            r#"{"types": ["build.*"], "all": [
                {"exact": {"data.total": 1200, "subject": "project/kde"}}, {"any": [{"sql": "data.x = 1"}]},
                {"exact": {"late": false}}
            ]}"#,
        );
        let late = event(DATA);
        assert!(!filter.matches(&late) && !filter.explain(&late).matches && !late.has_parsed());
        let other = EventView::new("1", "/ci", "deploy.failed")
            .subject("project/kde")
            .extension("late", false)
            .data(DATA);
        assert!(!filter.matches(&other) && !filter.explain(&other).matches && !other.has_parsed());
        let no_subject =
            EventView::new("1", "/ci", "build.failed").extension("late", false).data(DATA);
        assert!(!filter.matches(&no_subject) && !no_subject.has_parsed());
        let near = event(DATA).extension("late", false);
        assert!(
            one(r#"{"sql": "id = '2' AND data.x = 1"}"#)
                .explain(&near)
                .words
                .starts_with("id = '2'")
        );
        assert!(!near.has_parsed());
    }

    #[test]
    fn a_filter_survives_its_json() {
        for json in [
            "{}",
            r#"{"types":["build.failed","build.*","*"]}"#,
            r#"{"all":[{"exact":{"data":5,"data.\"a.b\".0":null,"id":"1"}},{"prefix":{"data.x-y":"\n"}}]}"#,
            r#"{"all":[{"any":[{"not":{"sql":"a = 1\n AND b"}},{"all":[{"suffix":{"id":"é"}}]}]}]}"#,
            r#"{"all":[{"exact":{"data.a":18446744073709551615,"data.b":0.5,"data.c":-7,"late":true}}]}"#,
        ] {
            assert_eq!(serde_json::to_string(&filter(json)).expect("JSON"), json);
            let value: Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(serde_json::from_value::<Filter>(value).expect("a filter"), filter(json));
        }
    }

    #[test]
    fn a_filter_has_one_line() {
        let json = r#"{"types": ["build.*", "deploy.failed"], "all": [
            {"exact": {"subject": "project/kde"}}, {"not": {"prefix": {"source": "/x"}}},
            {"any": [{"sql": "data.total\n >= 1000 or id = '\u001b\n'"}, {"suffix": {"id": "9", "data.a": "\u202e"}}]}
        ]}"#;
        let line = concat!(
            r#"build.*, deploy.failed where subject = "project/kde" and not (source begins with "/x") "#,
            r"and ((data.total >= 1000 OR id = '\u{1b}\n') or ",
            r#"(id ends with "9" and data.a ends with "\u{202e}"))"#
        );
        assert_eq!(filter(json).to_string(), line);
        assert_eq!(one(r#"{"sql": "late"}"#).to_string(), "every event where late");
    }

    #[test]
    fn what_is_not_a_filter_is_refused_with_what_and_where() {
        for (json, error) in [
            ("[]", "filter: expected an object, found an array"),
            (
                "{\"typs\": []}",
                "filter: there is no typs in a filter, only types and all; did you mean `types`?",
            ),
            (r#"{"exact": {}}"#, "filter: `exact` is a predicate, which stands in the list `all`"),
            (r#"{"types": "a"}"#, "types: expected an array, found a text"),
            (
                r#"{"types": []}"#,
                "types: an empty list wants nothing; without it every type is wanted",
            ),
            (r#"{"types": ["a", 1]}"#, "types[1]: expected a text, found a number"),
            (
                r#"{"types": ["a*"]}"#,
                "types[0]: `a*`: a `*` stands alone, or behind the last dot as in `build.*`",
            ),
            (r#"{"all": []}"#, "all: expected one predicate or more"),
            (
                r#"{"all": [{}]}"#,
                "all[0]: a predicate has one key of exact, prefix, suffix, all, any, not, sql, found 0",
            ),
            (
                r#"{"all": [{"exakt": {}}]}"#,
                "all[0]: there is no predicate exakt; did you mean `exact`?",
            ),
            (
                r#"{"all": [{"\u001b[31m": {}}]}"#,
                "all[0]: there is no predicate \"\\u{1b}[31m\"; there are exact, prefix, suffix, all, any, not, sql",
            ),
            (
                r#"{"all": [{"exact": {}}]}"#,
                "all[0].exact: expected an attribute, or a member of the data, with its value",
            ),
            (
                r#"{"all": [{"exact": {"subject": 5}}]}"#,
                "all[0].exact.subject: expected a text, found a number",
            ),
            (
                r#"{"all": [{"prefix": {"data.x": 5}}]}"#,
                "all[0].prefix.data.x: expected a text, found a number",
            ),
            (
                r#"{"all": [{"exact": {"data.x": []}}]}"#,
                "all[0].exact.data.x: expected a text, number or boolean, found an array",
            ),
            (
                r#"{"all": [{"exact": {"late": null}}]}"#,
                "all[0].exact.late: an attribute is never null; `sql` has NOT EXISTS",
            ),
            (
                r#"{"all": [{"exact": {"id": ""}}]}"#,
                "all[0].exact.id: expected a text that is not empty",
            ),
            (
                r#"{"all": [{"suffix": {"data.x": ""}}]}"#,
                "all[0].suffix.data.x: expected a text that is not empty",
            ),
            (
                r#"{"all": [{"exact": {"data.x": "\u0000"}}]}"#,
                "all[0].exact.data.x: a NUL character cannot be stored",
            ),
            (
                r#"{"all": [{"sql": "a = '\u0000'"}]}"#,
                "all[0].sql: a NUL character cannot be stored",
            ),
            (
                r#"{"all": [{"exact": {"data..x": 1}}]}"#,
                "all[0].exact.data..x: a member between two dots, or behind the last one, has no name",
            ),
            (
                r#"{"all": [{"not": {"any": [{"sql": "1 +"}]}}]}"#,
                "all[0].not.any[0].sql: at 4: expected a value after +, found end of text",
            ),
            (
                r#"{"all": [{"sql": "1 + 1"}]}"#,
                "all[0].sql: it gives a number, never TRUE or FALSE",
            ),
            (r#"{"all": [{"sql": 1}]}"#, "all[0].sql: expected a text, found a number"),
        ] {
            assert_eq!(refused(json), error, "{json}");
        }
        assert!(
            refused(r#"{"all": [{"exact": {"id": "1", "id": "2"}}]}"#)
                .starts_with("not a filter: the key \"id\" is there twice")
        );
        assert!(refused("{} {}").starts_with("not a filter: trailing characters"));
        assert!(
            refused(r#"{"all": [{"exact": {"Subject": "x"}}]}"#)
                .starts_with("all[0].exact.Subject: an attribute's name has")
        );
    }

    #[test]
    fn everything_has_a_limit() {
        let list = |each: &str, count: usize| vec![each; count].join(",");
        let types = |count| format!(r#"{{"types": [{}]}}"#, list("\"a\"", count));
        filter(&types(FILTER_TYPES));
        assert_eq!(
            refused(&types(FILTER_TYPES + 1)),
            "types: 101 types are above the limit of 100"
        );

        let predicates = |count| format!(r#"{{"all": [{}]}}"#, list(r#"{"sql":"late"}"#, count));
        filter(&predicates(FILTER_PREDICATES));
        assert_eq!(
            refused(&predicates(FILTER_PREDICATES + 1)),
            "all[100]: 101 predicates are above the limit of 100"
        );
        let keys: Vec<String> =
            (0..=FILTER_PREDICATES).map(|nth| format!(r#""a{nth}": "b""#)).collect();
        let error = refused(&format!(r#"{{"all": [{{"exact": {{{}}}}}]}}"#, keys.join(",")));
        assert_eq!(error, "all[0].exact: 101 predicates are above the limit of 100");

        for (open, close) in [("{\"not\":", "}"), ("{\"all\":[", "]}")] {
            let nested = |depth| {
                let inner = depth - 1;
                format!(
                    r#"{{"all": [{}{{"sql": "late"}}{}]}}"#,
                    open.repeat(inner),
                    close.repeat(inner)
                )
            };
            filter(&nested(FILTER_DEPTH));
            let error = refused(&nested(FILTER_DEPTH + 1));
            assert!(
                error.ends_with(": more than 8 predicates stand inside one another"),
                "{error}"
            );
            assert!(
                refused(&nested(500)).contains("more than 8 predicates stand inside one another")
            );
        }

        let text =
            |bytes| format!(r#"{{"all": [{{"exact": {{"data.x": "{}"}}}}]}}"#, "x".repeat(bytes));
        filter(&text(FILTER_TEXT_BYTES));
        assert_eq!(
            refused(&text(FILTER_TEXT_BYTES + 1)),
            "all[0].exact.data.x: 1025 bytes are above the limit of 1024"
        );
        assert!(matches!(
            Filter::parse(&text(1_000_000)),
            Err(FilterError::Large { bytes: 1_000_034.. })
        ));
        let value: Value = serde_json::from_str(&text(1_000_000)).expect("JSON");
        assert!(serde_json::from_value::<Filter>(value).is_err());
        let wide = Filter::of_types((0..90).map(|nth| format!("{nth}{}", "x".repeat(200)))).build();
        assert!(matches!(wide, Err(FilterError::Large { .. })), "{wide:?}");
    }

    /// A value that no text was read for has no bound of its own.
    #[test]
    fn a_deep_value_of_another_format_is_refused() {
        let mut value = Value::from("x");
        for _ in 0..2_000 {
            value = serde_json::json!({ "not": value });
        }
        let error = serde_json::from_value::<Filter>(value).expect_err("deep").to_string();
        assert_eq!(error, "more than 8 predicates stand inside one another");
    }
}
