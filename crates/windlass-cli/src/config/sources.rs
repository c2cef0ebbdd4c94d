//! `[source.NAME]`: where events come from that somebody else keeps.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use windlass::limits::SOURCE_PAGE;
use windlass::name::check_source;
use windlass::source::{OnGap, SourceOptions};

use super::ConfigError;
use super::reader::Table;
use crate::source::{Form, HttpFeed, Mapping, Said, Template, token};

pub(super) const KEYS: [&str; 20] = [
    "url",
    "reader",
    "every",
    "wait",
    "timeout",
    "within",
    "page",
    "gap",
    "numbers",
    "type",
    "types",
    "event_source",
    "number",
    "id",
    "subject",
    "time",
    "data",
    "headers",
    "token_file",
    "hold",
];
const HEADER_KEYS: [&str; 4] = ["cursor", "more", "oldest", "head"];

/// How long an answer may take from beginning to end, beside the time for which the feed may wait.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a feed may be asked to wait: a page may take longer by what it takes itself.
const LONGEST_WAIT: Duration = Duration::from_secs(240);

/// A source that the file declares.
#[derive(Debug, Clone)]
pub(crate) struct SourceConfig {
    /// Its name.
    pub(crate) name: String,
    /// How it is read.
    pub(crate) options: SourceOptions,
    /// What is read.
    pub(crate) feed: HttpFeed,
}

/// One of them.
pub(super) fn read(name: &str, table: &Table<'_, '_>) -> Result<SourceConfig, ConfigError> {
    check_source(name).map_err(|error| table.error("source", error))?;
    let feed = feed(table)?;
    let options = options(table, feed.total())?;
    Ok(SourceConfig { name: name.to_owned(), options, feed })
}

fn options(table: &Table<'_, '_>, answer: Duration) -> Result<SourceOptions, ConfigError> {
    let mut options = SourceOptions::default();
    // What the feed may take to answer is not cut short, and leaves as much for what is made of that.
    let unless_given = options.within.max(answer.saturating_mul(2));
    options.within = table.positive_duration("within")?.unwrap_or(unless_given);
    if options.within < answer {
        let what = format!("is shorter than `timeout` and `wait` together, {answer:?}");
        return Err(table.error("within", what));
    }
    options.every = table.positive_duration("every")?.unwrap_or(options.every);
    options.hold = table.positive_duration("hold")?.unwrap_or(options.hold);
    if let Some(word) = table.text("gap")? {
        options.on_gap = word.parse::<OnGap>().map_err(|error| table.error("gap", error))?;
    }
    match table.text("numbers")?.as_deref() {
        None | Some("rising") => Ok(options),
        Some("dense") => Ok(options.dense()),
        Some(other) => {
            Err(table.error("numbers", format!("`{other}` is not one of: rising, dense")))
        }
    }
}

fn feed(table: &Table<'_, '_>) -> Result<HttpFeed, ConfigError> {
    let form = form(table)?;
    let wait = table.positive_duration("wait")?;
    if wait.is_some_and(|wait| wait > LONGEST_WAIT) {
        return Err(table.error("wait", format!("is longer than {LONGEST_WAIT:?}")));
    }
    let page = table.number("page", 1..=SOURCE_PAGE as u64)?.unwrap_or(SOURCE_PAGE as u64);
    Ok(HttpFeed {
        url: url(table)?,
        form,
        mapping: mapping(table, form)?,
        said: said(table)?,
        page: u32::try_from(page).unwrap_or(u32::MAX),
        wait,
        timeout: table.positive_duration("timeout")?.unwrap_or(TIMEOUT),
        token_file: token_file(table)?,
    })
}

fn form(table: &Table<'_, '_>) -> Result<Form, ConfigError> {
    let word = table.required_text("reader")?;
    let known = [Form::JsonLines, Form::Atom].into_iter().find(|form| form.word() == word);
    known.ok_or_else(|| table.error("reader", format!("`{word}` is not one of: json-lines, atom")))
}

fn url(table: &Table<'_, '_>) -> Result<Url, ConfigError> {
    let text = table.required_text("url")?;
    let url =
        Url::parse(&text).map_err(|error| table.error("url", format!("`{text}`: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(table.error("url", format!("`{text}` is neither http nor https")));
    }
    let values: String = url.query_pairs().map(|(_, value)| value.into_owned()).collect();
    for name in ["{cursor}", "{page}", "{wait}"] {
        if text.matches(name).count() > values.matches(name).count() {
            let what = format!(
                "`{text}`: {name} stands for something only in a value of the query, as in ?a={name}"
            );
            return Err(table.error("url", what));
        }
    }
    Ok(url)
}

fn mapping(table: &Table<'_, '_>, form: Form) -> Result<Mapping, ConfigError> {
    let template = |key: &str| -> Result<Option<Template>, ConfigError> {
        let text = table.text(key)?;
        text.map(|text| text.parse().map_err(|error: String| table.error(key, error))).transpose()
    };
    // What an entry of an Atom feed has stands for itself.
    let by_form = |of_atom: &str| -> Result<Option<Template>, ConfigError> {
        let of_atom = of_atom.parse().map_err(|error: String| table.error("reader", error));
        Ok(if form == Form::Atom { Some(of_atom?) } else { None })
    };
    let or = |key, of_atom: &str| -> Result<Option<Template>, ConfigError> {
        Ok(template(key)?.or(by_form(of_atom)?))
    };
    let event_type = match or("type", "atom.entry")? {
        Some(template) => template,
        None => "{type}".parse().map_err(|error: String| table.error("type", error))?,
    };
    Ok(Mapping {
        event_type,
        types: table.texts("types")?.unwrap_or_default(),
        event_source: template("event_source")?,
        number: template("number")?,
        id: or("id", "{id}")?,
        subject: template("subject")?,
        time: or("time", "{updated}")?,
        data: template("data")?,
    })
}

fn said(table: &Table<'_, '_>) -> Result<Said, ConfigError> {
    let mut said = Said::default();
    let Some(names) = table.table("headers", "headers", &HEADER_KEYS)? else { return Ok(said) };
    let named = [&mut said.cursor, &mut said.more, &mut said.oldest, &mut said.head];
    for (key, name) in HEADER_KEYS.into_iter().zip(named) {
        if let Some(text) = names.text(key)? {
            *name = text;
        }
    }
    Ok(said)
}

/// The file is read each time that the feed is asked; what is wrong with it is told at once.
fn token_file(table: &Table<'_, '_>) -> Result<Option<PathBuf>, ConfigError> {
    let Some(file) = table.text("token_file")? else { return Ok(None) };
    let file = table.reader().folder().join(file);
    token(&file).map_err(|error| table.error("token_file", error))?;
    Ok(Some(file))
}
