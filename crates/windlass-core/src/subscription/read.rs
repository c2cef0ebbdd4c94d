//! From JSON to a filter, with every check there is.

use serde_json::{Map, Value};

use super::filter::{Filter, FilterError};
use super::key::Key;
use super::number::Number;
use super::pattern::TypePattern;
use super::predicate::{Clauses, How, Predicate, Wanted};
use super::sql::Expression;
use super::words::plain;
use crate::limits::{FILTER_DEPTH, FILTER_PREDICATES, FILTER_TEXT_BYTES, FILTER_TYPES};
use crate::name::nearest;

const PARTS: [&str; 2] = ["types", "all"];
const PREDICATES: [&str; 7] = ["exact", "prefix", "suffix", "all", "any", "not", "sql"];

/// Reads a whole filter.
pub(super) fn filter(value: &Value) -> Result<Filter, FilterError> {
    let mut reader = Reader::default();
    let Value::Object(parts) = value else { return Err(reader.expected("an object", value)) };
    if let Some(unknown) = parts.keys().find(|key| !PARTS.contains(&key.as_str())) {
        let mut what = format!("there is no {} in a filter, only types and all", plain(unknown));
        if PREDICATES.contains(&unknown.as_str()) {
            what = format!("`{unknown}` is a predicate, which stands in the list `all`");
        } else if let Some(near) = near(unknown, &PARTS) {
            what = format!("{what}; did you mean `{near}`?");
        }
        return Err(reader.part(what));
    }
    let mut filter = Filter::default();
    if let Some(types) = parts.get("types") {
        filter.types = reader.inside("types", |reader| reader.types(types))?;
    }
    if let Some(all) = parts.get("all") {
        filter.all = reader.inside("all", |reader| reader.clauses(all))?;
    }
    Ok(filter)
}

#[derive(Default)]
struct Reader {
    /// Where it is: `all[0].exact`.
    at: String,
    predicates: usize,
    depth: usize,
}

impl Reader {
    /// Reads a part. After an error the place stays where that is.
    fn inside<T>(
        &mut self,
        step: &str,
        read: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        let outer = self.at.len();
        if outer > 0 && !step.starts_with('[') {
            self.at.push('.');
        }
        self.at.push_str(step);
        let part = read(self)?;
        self.at.truncate(outer);
        Ok(part)
    }

    fn types(&mut self, value: &Value) -> Result<Vec<TypePattern>, FilterError> {
        let Value::Array(types) = value else { return Err(self.expected("an array", value)) };
        if types.is_empty() {
            return Err(self.part("an empty list wants nothing; without it every type is wanted"));
        }
        self.check("types", types.len(), FILTER_TYPES)?;
        let each = types.iter().enumerate().map(|(nth, kind)| {
            self.inside(&format!("[{nth}]"), |reader| {
                let Value::String(text) = kind else { return Err(reader.expected("a text", kind)) };
                text.parse().map_err(|error| FilterError::Type { at: reader.at.clone(), error })
            })
        });
        each.collect()
    }

    fn clauses(&mut self, value: &Value) -> Result<Clauses, FilterError> {
        let Value::Array(list) = value else { return Err(self.expected("an array", value)) };
        if list.is_empty() {
            return Err(self.part("expected one predicate or more"));
        }
        let each = list.iter().enumerate().map(|(nth, predicate)| {
            self.inside(&format!("[{nth}]"), |reader| reader.predicate(predicate))
        });
        each.collect::<Result<_, _>>().map(Clauses::new)
    }

    fn predicate(&mut self, value: &Value) -> Result<Predicate, FilterError> {
        let Value::Object(object) = value else { return Err(self.expected("an object", value)) };
        let mut keys = object.iter();
        let (Some((word, value)), None) = (keys.next(), keys.next()) else {
            return Err(self.part(format!(
                "a predicate has one key of {}, found {}",
                PREDICATES.join(", "),
                object.len()
            )));
        };
        if !PREDICATES.contains(&word.as_str()) {
            let hint = match near(word, &PREDICATES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", PREDICATES.join(", ")),
            };
            return Err(self.part(format!("there is no predicate {}; {hint}", plain(word))));
        }
        if self.depth == FILTER_DEPTH {
            return Err(
                self.part(format!("more than {FILTER_DEPTH} predicates stand inside one another"))
            );
        }
        self.count()?;
        self.depth += 1;
        let predicate = self.inside(word, |reader| reader.of_word(word, value));
        self.depth -= 1;
        predicate
    }

    fn of_word(&mut self, word: &str, value: &Value) -> Result<Predicate, FilterError> {
        match word {
            "all" => self.clauses(value).map(Predicate::All),
            "any" => self.clauses(value).map(Predicate::Any),
            "not" => self.predicate(value).map(|inner| Predicate::Not(Box::new(inner))),
            "sql" => {
                let Value::String(text) = value else { return Err(self.expected("a text", value)) };
                self.check_nul(text)?;
                let expression = Expression::parse(text);
                expression
                    .map(Predicate::Sql)
                    .map_err(|error| FilterError::Sql { at: self.at.clone(), error })
            }
            _ => {
                let how = How::of_word(word);
                let Value::Object(pairs) = value else {
                    return Err(self.expected("an object", value));
                };
                self.pairs(how, pairs).map(|pairs| Predicate::compare(how, pairs))
            }
        }
    }

    fn pairs(
        &mut self,
        how: How,
        pairs: &Map<String, Value>,
    ) -> Result<Vec<(Key, Wanted)>, FilterError> {
        if pairs.is_empty() {
            return Err(self.part("expected an attribute, or a member of the data, with its value"));
        }
        let each = pairs.iter().enumerate().map(|(nth, (name, value))| {
            if nth > 0 {
                self.count()?;
            }
            self.inside(&plain(name), |reader| {
                reader.check_text(name)?;
                let key = Key::parse(name).map_err(|what| reader.part(what))?;
                let wanted = reader.wanted(how, &key, value)?;
                Ok((key, wanted))
            })
        });
        each.collect()
    }

    fn wanted(&self, how: How, key: &Key, value: &Value) -> Result<Wanted, FilterError> {
        if key.is_always_text() && !value.is_string() || how != How::Exact && !value.is_string() {
            return Err(self.expected("a text", value));
        }
        match value {
            Value::String(text) => {
                self.check_text(text)?;
                if text.is_empty() && (how != How::Exact || !key.is_data()) {
                    return Err(self.part("expected a text that is not empty"));
                }
                Ok(Wanted::Text(text.as_str().into()))
            }
            Value::Bool(boolean) => Ok(Wanted::Boolean(*boolean)),
            Value::Number(number) => Number::of_json(number)
                .map(Wanted::Number)
                .ok_or_else(|| self.part("the number is too large")),
            Value::Null if key.is_data() => Ok(Wanted::Null),
            Value::Null => Err(self.part("an attribute is never null; `sql` has NOT EXISTS")),
            Value::Array(_) | Value::Object(_) => {
                Err(self.expected("a text, number or boolean", value))
            }
        }
    }

    fn count(&mut self) -> Result<(), FilterError> {
        self.predicates += 1;
        self.check("predicates", self.predicates, FILTER_PREDICATES)
    }

    fn check(&self, what: &'static str, found: usize, limit: usize) -> Result<(), FilterError> {
        if found > limit {
            return Err(FilterError::Limit { at: self.place(), what, found, limit });
        }
        Ok(())
    }

    fn check_text(&self, text: &str) -> Result<(), FilterError> {
        self.check_nul(text)?;
        self.check("bytes", text.len(), FILTER_TEXT_BYTES)
    }

    fn check_nul(&self, text: &str) -> Result<(), FilterError> {
        if text.contains('\0') {
            return Err(self.part("a NUL character cannot be stored"));
        }
        Ok(())
    }

    fn expected(&self, what: &str, found: &Value) -> FilterError {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.part(format!("expected {what}, found {found}"))
    }

    fn part(&self, what: impl Into<String>) -> FilterError {
        FilterError::Part { at: self.place(), what: what.into() }
    }

    fn place(&self) -> String {
        if self.at.is_empty() { "filter".to_owned() } else { self.at.clone() }
    }
}

/// What may have been meant. A long word is none that was meant.
fn near<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > 32 { None } else { nearest(word, known) }
}
