//! Reading TOML with places: every value knows its line, every table its keys.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use windlass::name::nearest;
use windlass::time::parse_duration;

use super::ConfigError;

/// A file's text, for places in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'t> {
    file: &'t Path,
    text: &'t str,
}

/// A table whose keys are all known.
#[derive(Debug)]
pub(super) struct Table<'r, 't> {
    reader: Reader<'t>,
    name: &'static str,
    at: usize,
    entries: &'r DeTable<'t>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: &'t Path, text: &'t str) -> Self {
        Self { file, text }
    }

    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'t>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.error(at, error.message())
        })
    }

    /// Checks a table's keys before anything is read from it: a misspelt key is better told as
    /// such than as the lack of the right one.
    pub(super) fn table<'r>(
        &self,
        table: &'r Spanned<DeTable<'t>>,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Table<'r, 't>, ConfigError> {
        self.checked(table.get_ref(), table.span(), name, known)
    }

    fn checked<'r>(
        &self,
        entries: &'r DeTable<'t>,
        span: Range<usize>,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Table<'r, 't>, ConfigError> {
        let stranger = |key: &&Spanned<Cow<'_, str>>| {
            !known.is_empty() && !known.contains(&key.get_ref().as_ref())
        };
        if let Some(key) = entries.keys().filter(stranger).min_by_key(|key| key.span().start) {
            let hint = match nearest(key.get_ref(), known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", known.join(", ")),
            };
            let message = format!("`{}` is not a key of {name}: {hint}", key.get_ref());
            return Err(self.error(key.span().start, message));
        }
        Ok(Table { reader: *self, name, at: span.start, entries })
    }

    /// The folder that relative paths start at.
    pub(super) fn folder(&self) -> &'t Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn error(&self, at: usize, message: impl ToString) -> ConfigError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let message = message.to_string().replace('\n', " ");
        ConfigError(format!("{}:{line}: {message}", self.file.display()))
    }
}

impl<'r, 't> Table<'r, 't> {
    pub(super) fn reader(&self) -> Reader<'t> {
        self.reader
    }

    /// Where a key stands, if it is there.
    pub(super) fn place(&self, key: &str) -> Option<usize> {
        self.entries
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(name, _)| name.span().start)
    }

    /// An error at a key, or at the table where the key is missing.
    pub(super) fn error(&self, key: &str, message: impl ToString) -> ConfigError {
        let at = self.place(key).unwrap_or(self.at);
        self.reader.error(at, format!("{key}: {}", message.to_string()))
    }

    fn value(&self, key: &str) -> Option<&'r DeValue<'t>> {
        self.entries.get(key).map(Spanned::get_ref)
    }

    fn wrong(&self, key: &str, expected: &str, found: &DeValue<'_>) -> ConfigError {
        self.error(key, format!("expected {expected}, found {}", article(found.type_str())))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::String(text)) => Ok(Some(text.as_ref().to_owned())),
            Some(other) => Err(self.wrong(key, "a text in quotes", other)),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    pub(super) fn has_text(&self, key: &str) -> bool {
        matches!(self.value(key), Some(DeValue::String(_)))
    }

    pub(super) fn required_text(&self, key: &str) -> Result<String, ConfigError> {
        let missing = || self.reader.error(self.at, format!("{} needs `{key} = \"…\"`", self.name));
        self.text(key)?.ok_or_else(missing)
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, ConfigError> {
        match self.value(key) {
            None => Ok(false),
            Some(DeValue::Boolean(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(key, "true or false", other)),
        }
    }

    pub(super) fn number(
        &self,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ConfigError> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Integer(number)) => u64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|number| range.contains(number))
                .map(Some)
                .ok_or_else(|| self.error(key, format!("expected {expected}, found {number}"))),
            Some(other) => Err(self.wrong(key, &expected, other)),
        }
    }

    /// A number of things of which there is at least one.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, ConfigError> {
        const MOST: u64 = 10_000;
        Ok(self.number(key, 1..=MOST)?.and_then(|number| usize::try_from(number).ok()))
    }

    pub(super) fn duration(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::String(text)) => {
                parse_duration(text).map(Some).map_err(|error| self.error(key, error))
            }
            Some(other) => Err(self.wrong(key, "a duration in quotes, such as \"60s\"", other)),
        }
    }

    pub(super) fn positive_duration(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        match self.duration(key)? {
            Some(Duration::ZERO) => Err(self.error(key, "must be longer than nothing")),
            other => Ok(other),
        }
    }

    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let wrong =
            |found: &DeValue<'_>| self.wrong(key, "a list of texts, such as [\"a\", \"b\"]", found);
        let DeValue::Array(items) = value else { return Err(wrong(value)) };
        let text = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
            DeValue::String(text) => Ok(text.as_ref().to_owned()),
            other => Err(wrong(other)),
        };
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn table(
        &self,
        key: &str,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Option<Table<'r, 't>>, ConfigError> {
        let Some(value) = self.entries.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(entries) => {
                self.reader.checked(entries, value.span(), name, known).map(Some)
            }
            other => Err(self.wrong(key, "a table", other)),
        }
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(
        &self,
        key: &str,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Vec<Table<'r, 't>>, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        let wrong = |found: &DeValue<'_>| self.wrong(key, &format!("one or more {name}"), found);
        let DeValue::Array(items) = value else { return Err(wrong(value)) };
        let table = |item: &'r Spanned<DeValue<'t>>| match item.get_ref() {
            DeValue::Table(entries) => self.reader.checked(entries, item.span(), name, known),
            other => Err(wrong(other)),
        };
        items.iter().map(table).collect()
    }

    /// The tables of `[key.NAME]`, each with its name, in the order of the names.
    pub(super) fn named(
        &self,
        key: &str,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Vec<(String, Table<'r, 't>)>, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        let wrong = |found: &DeValue<'_>| self.wrong(key, &format!("tables {name}"), found);
        let DeValue::Table(tables) = value else { return Err(wrong(value)) };
        let mut found = Vec::new();
        for (label, item) in tables.iter() {
            let DeValue::Table(entries) = item.get_ref() else { return Err(wrong(item.get_ref())) };
            let table = self.reader.checked(entries, label.span(), name, known)?;
            found.push((label.get_ref().as_ref().to_owned(), table));
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }

    /// A value of any kind as JSON; a text that is given for it is JSON itself.
    pub(super) fn json(&self, key: &str) -> Result<Option<Value>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|error| self.error(key, error))
            }
            Some(value) => self.value_as_json(key, value).map(Some),
        }
    }

    fn value_as_json(&self, key: &str, value: &DeValue<'_>) -> Result<Value, ConfigError> {
        let number = |text: &str| serde_json::from_str(text).ok();
        Ok(match value {
            DeValue::String(text) => Value::String(text.as_ref().to_owned()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Integer(whole) if whole.radix() == 10 => {
                number(whole.as_str()).ok_or_else(|| self.wrong(key, "JSON", value))?
            }
            DeValue::Float(part) => {
                number(part.as_str()).ok_or_else(|| self.wrong(key, "JSON", value))?
            }
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.value_as_json(key, item.get_ref()));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(entries) => {
                let entry = |(name, item): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
                    let item = self.value_as_json(key, item.get_ref())?;
                    Ok((name.get_ref().as_ref().to_owned(), item))
                };
                Value::Object(entries.iter().map(entry).collect::<Result<_, ConfigError>>()?)
            }
            DeValue::Integer(_) | DeValue::Datetime(_) => {
                return Err(self.wrong(key, "what JSON knows", value));
            }
        })
    }

    /// A number that may be below zero, of 16 bits.
    pub(super) fn signed(&self, key: &str) -> Result<Option<i16>, ConfigError> {
        let expected = "a number from -32768 to 32767";
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Integer(number)) => i16::from_str_radix(number.as_str(), number.radix())
                .map(Some)
                .map_err(|_| self.error(key, format!("expected {expected}, found {number}"))),
            Some(other) => Err(self.wrong(key, expected, other)),
        }
    }

    /// Keys with counts as values, whatever the keys.
    pub(super) fn counts(&self, key: &'static str) -> Result<BTreeMap<String, u32>, ConfigError> {
        let Some(table) = self.table(key, key, &[])? else { return Ok(BTreeMap::new()) };
        let count = |name: &Spanned<Cow<'_, str>>| {
            let name = name.get_ref().as_ref();
            let count = table.number(name, 1..=u64::from(i32::MAX.cast_unsigned()))?;
            let count = count.and_then(|count| u32::try_from(count).ok());
            Ok((name.to_owned(), count.unwrap_or_default()))
        };
        table.entries.keys().map(count).collect()
    }

    /// Keys with lists of texts as values, whatever the keys.
    pub(super) fn lists(
        &self,
        key: &str,
        name: &'static str,
    ) -> Result<Vec<(String, Vec<String>)>, ConfigError> {
        let Some(table) = self.table(key, name, &[])? else { return Ok(Vec::new()) };
        let list = |name: &Spanned<Cow<'_, str>>| {
            let name = name.get_ref().as_ref();
            Ok((name.to_owned(), table.texts(name)?.unwrap_or_default()))
        };
        table.entries.keys().map(list).collect()
    }

    /// Keys with texts as values, whatever the keys.
    pub(super) fn pairs(&self, key: &str) -> Result<Vec<(String, String)>, ConfigError> {
        let Some(table) = self.table(key, "env", &[])? else { return Ok(Vec::new()) };
        let pair = |name: &Spanned<Cow<'_, str>>| {
            let name = name.get_ref().as_ref();
            Ok((name.to_owned(), table.text(name)?.unwrap_or_default()))
        };
        table.entries.keys().map(pair).collect()
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
