//! Filters as they are said by HTTP, on the command line and in `windlass.toml`: types, the JSON of a filter, an SQL expression.

use serde_json::{Value, json};
use windlass::subscription::{Filter, FilterError, SqlError};

/// The parts of a filter; all that are given hold together.
#[derive(Debug, Clone, Default)]
pub struct FilterParts {
    /// Patterns of types.
    pub types: Vec<String>,
    /// The filter as JSON.
    pub filter: Option<Value>,
    /// An SQL expression of CloudEvents.
    pub sql: Option<String>,
}

/// Which part is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The types.
    Types,
    /// The filter as JSON.
    Filter,
    /// The SQL expression.
    Sql,
}

/// Why the parts are not a filter.
#[derive(Debug)]
pub struct Wrong {
    /// The part that is wrong.
    pub part: Part,
    /// What is wrong with it, and where.
    pub what: String,
    /// The expression that cannot be read, with the column, from 1, at which it cannot.
    pub place: Option<(String, usize)>,
}

impl FilterParts {
    /// Whether anything is said.
    #[must_use]
    pub fn is_given(&self) -> bool {
        !self.types.is_empty() || self.filter.is_some() || self.sql.is_some()
    }

    /// The filter that they are together.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn read(self) -> Result<Filter, Wrong> {
        let mut whole = self.filter.unwrap_or_else(|| json!({}));
        // Alone, so that places in it are those that its author knows.
        Filter::parse(&whole.to_string())
            .map_err(|error| Wrong::of(Part::Filter, &whole, &error))?;
        if !self.types.is_empty() {
            if whole.get("types").is_some() {
                let what = "the filter has types of its own; give them once".to_owned();
                return Err(Wrong { part: Part::Types, what, place: None });
            }
            let types = json!({ "types": self.types });
            Filter::parse(&types.to_string())
                .map_err(|error| Wrong::of(Part::Types, &types, &error))?;
            whole["types"] = types["types"].clone();
        }
        if let Some(sql) = self.sql {
            let alone = json!({ "all": [{ "sql": sql }] });
            Filter::parse(&alone.to_string())
                .map_err(|error| Wrong::of(Part::Sql, &alone, &error))?;
            let mut all = whole.get("all").and_then(Value::as_array).cloned().unwrap_or_default();
            all.push(json!({ "sql": sql }));
            whole["all"] = all.into();
        }
        Filter::parse(&whole.to_string()).map_err(|error| Wrong::of(Part::Filter, &whole, &error))
    }
}

impl Wrong {
    fn of(part: Part, filter: &Value, error: &FilterError) -> Self {
        let FilterError::Sql { at, error: sql } = error else {
            return Self { part, what: error.to_string(), place: None };
        };
        let column = match sql {
            SqlError::Syntax { column, .. } | SqlError::Function { column, .. } => Some(*column),
            _ => None,
        };
        let text = inside(filter, at).and_then(Value::as_str);
        let place = text.zip(column).map(|(text, column)| (text.to_owned(), column));
        // Where the expression is all there is, its place in the filter tells nothing.
        let what = if part == Part::Sql { sql.to_string() } else { error.to_string() };
        Self { part, what, place }
    }

    /// The line of the expression that cannot be read, with a caret below the place.
    #[must_use]
    pub fn drawn(&self) -> Option<String> {
        /// Characters that are shown before the caret, and behind it.
        const AROUND: usize = 60;
        let (text, column) = self.place.as_ref()?;
        let mut at = column.saturating_sub(1);
        let mut line = "";
        for part in text.split('\n') {
            line = part;
            let length = part.chars().count();
            if at <= length {
                break;
            }
            at -= length + 1;
        }
        let skipped = at.saturating_sub(AROUND);
        let shown: String = line
            .chars()
            .skip(skipped)
            .take(2 * AROUND)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Some(format!("  {shown}\n  {:width$}^\n", "", width = at - skipped))
    }
}

/// What a path such as `all[0].not.sql` leads to.
fn inside<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let steps = path.split(['.', '[']).filter(|step| !step.is_empty());
    steps.into_iter().try_fold(value, |value, step| match step.strip_suffix(']') {
        Some(nth) => value.get(nth.parse::<usize>().ok()?),
        None => value.get(step),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(types: &[&str], filter: Option<Value>, sql: Option<&str>) -> FilterParts {
        let types = types.iter().map(|&text| text.to_owned()).collect();
        FilterParts { types, filter, sql: sql.map(str::to_owned) }
    }

    fn wrong(parts: FilterParts) -> Wrong {
        parts.read().expect_err("wrong")
    }

    #[test]
    fn all_parts_hold_together() {
        let filter = json!({ "all": [{ "exact": { "subject": "a" } }] });
        let read = parts(&["order.*"], Some(filter), Some("data.n > 3")).read().expect("a filter");
        assert_eq!(read.to_string(), r#"order.* where subject = "a" and (data.n > 3)"#);
        assert!(parts(&[], None, None).read().expect("a filter").wants_everything());
    }

    #[test]
    fn the_part_that_is_wrong_is_told() {
        assert_eq!(wrong(parts(&["a.*.b"], None, None)).part, Part::Types);
        let both = wrong(parts(&["a"], Some(json!({ "types": ["b"] })), None));
        assert_eq!((both.part, both.what.contains("of its own")), (Part::Types, true));
        let unknown = wrong(parts(&[], Some(json!({ "typs": [] })), None));
        assert_eq!(unknown.part, Part::Filter);
        assert!(unknown.what.contains("did you mean `types`?"), "{}", unknown.what);
        assert_eq!(wrong(parts(&[], Some(json!(3)), None)).part, Part::Filter);
    }

    #[test]
    fn a_caret_stands_below_the_place() {
        let alone = wrong(parts(&[], None, Some("data.n >= ")));
        assert_eq!(
            alone.drawn().expect("a place"),
            format!("  data.n >= \n  {}^\n", " ".repeat(10))
        );
        let inner =
            json!({ "all": [{ "not": { "any": [{ "sql": "TRUE" }, { "sql": "a =\n b =" }] } }] });
        let inner = wrong(parts(&[], Some(inner), None));
        assert!(inner.what.starts_with("all[0].not.any[1].sql: at "), "{}", inner.what);
        assert!(inner.drawn().expect("a place").starts_with("   b =\n"));
        let long = format!("{} =", "x".repeat(500));
        let drawn = wrong(parts(&[], None, Some(&long))).drawn().expect("a place");
        assert!(drawn.lines().all(|line| line.chars().count() <= 122), "{drawn}");
        assert_eq!(wrong(parts(&[], None, Some("1"))).drawn(), None);
    }
}
