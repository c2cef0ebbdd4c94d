//! What stands in `#[job(…)]`.

use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Ident, LitInt, LitStr, Path, Result, Token};

use crate::line::{Line, fields};

const KEYS: [&str; 20] = [
    "kind",
    "queue",
    "priority",
    "max_attempts",
    "max_losses",
    "timeout",
    "expected",
    "expires",
    "version",
    "upgrade",
    "retry",
    "unique",
    "tags",
    "subjects",
    "redact",
    "lane",
    "fair",
    "limit",
    "cost",
    "isolate",
];

/// The keys of `#[job(…)]`, read.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) kind: String,
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<i16>,
    pub(crate) max_attempts: Option<u16>,
    pub(crate) max_losses: Option<u16>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) expected_ms: Option<u64>,
    pub(crate) expires_ms: Option<u64>,
    pub(crate) version: Option<u16>,
    pub(crate) upgrade: Option<Path>,
    pub(crate) retry: Option<Path>,
    pub(crate) unique: Option<Unique>,
    pub(crate) tags: Vec<String>,
    /// Types with the fields that have the ids.
    pub(crate) subjects: Vec<(String, Ident)>,
    pub(crate) redact: Vec<String>,
    pub(crate) lines: Vec<Line>,
    pub(crate) cost: Option<u16>,
    pub(crate) isolate: bool,
}

/// `unique(by = [field, …], until = "started", for = "1h", on_conflict = "replace")`.
#[derive(Default)]
pub(crate) struct Unique {
    pub(crate) by: Vec<Ident>,
    pub(crate) until_started: bool,
    pub(crate) for_ms: Option<u64>,
    pub(crate) on_conflict: Option<Ident>,
}

impl Attributes {
    pub(crate) fn of(input: &DeriveInput) -> Result<Self> {
        let mut found = Self::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("job")) {
            attribute.parse_nested_meta(|meta| found.take(&meta))?;
        }
        if found.kind.is_empty() {
            return Err(Error::new(
                input.ident.span(),
                "a job needs a kind that stays when the type is renamed: add #[job(kind = \"mail.welcome\")]",
            ));
        }
        Ok(found)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "kind" => self.kind = name(meta)?,
            "queue" => self.queue = Some(name(meta)?),
            "priority" => self.priority = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?),
            "max_attempts" => {
                self.max_attempts = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?)
            }
            "max_losses" => {
                self.max_losses = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?)
            }
            "timeout" => self.timeout_ms = Some(duration(&meta.value()?.parse()?)?),
            "expected" => self.expected_ms = Some(duration(&meta.value()?.parse()?)?),
            "expires" => self.expires_ms = Some(duration(&meta.value()?.parse()?)?),
            "version" => self.version = Some(version(&meta.value()?.parse()?)?),
            "upgrade" => self.upgrade = Some(meta.value()?.parse()?),
            "retry" => self.retry = Some(meta.value()?.parse()?),
            "unique" => self.unique = Some(Unique::of(meta)?),
            "tags" => self.tags = tags(meta)?,
            "subjects" => self.subjects = subjects(meta)?,
            "redact" => self.redact = redact(meta)?,
            "lane" | "fair" if self.lines.iter().any(|line| line.excludes(&key)) => {
                return Err(
                    meta.error("a job has a lane or `fair`, not both: lanes have turns without it")
                );
            }
            "lane" => self.lines.push(Line::lane(meta)?),
            "fair" => self.lines.push(Line::fair(meta)?),
            "limit" => self.lines.push(Line::limit(meta)?),
            "isolate" => self.isolate = word(meta, &["process"])? == "process",
            "cost" => self.cost = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?),
            other => return Err(Error::new(meta.path.span(), unknown(other, "job", &KEYS))),
        }
        Ok(())
    }
}

impl Unique {
    fn of(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut found = Self::default();
        let mut until = None;
        meta.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match key.as_str() {
                "by" => found.by = fields(&meta)?,
                "until" => {
                    let word = word(&meta, &["started", "finished"])?;
                    found.until_started = word == "started";
                    until = Some(meta.path.span());
                }
                "for" => found.for_ms = Some(duration(&meta.value()?.parse()?)?),
                "on_conflict" => {
                    found.on_conflict = Some(word(&meta, &["keep", "replace", "reject"])?)
                }
                _ => return Err(meta.error("expected by = [field, …], until, for or on_conflict")),
            }
            Ok(())
        })?;
        if found.by.is_empty() {
            return Err(meta.error("a unique key is made of fields: unique(by = [field, …])"));
        }
        match until {
            Some(span) if found.for_ms.is_some() => Err(Error::new(
                span,
                "a unique key is held either for a time or until started or finished",
            )),
            _ => Ok(found),
        }
    }
}

/// One of these words, as a name.
pub(crate) fn word(meta: &ParseNestedMeta<'_>, words: &[&str]) -> Result<Ident> {
    let literal: LitStr = meta.value()?.parse()?;
    let known = words.contains(&literal.value().as_str());
    known
        .then(|| Ident::new(&literal.value(), literal.span()))
        .ok_or_else(|| Error::new(literal.span(), format!("expected one of {}", words.join(", "))))
}

/// What is said of a key that an attribute does not have.
pub(crate) fn unknown(key: &str, of: &str, keys: &[&str]) -> String {
    let near = keys.iter().find(|known| {
        let shared = known.chars().zip(key.chars()).take_while(|(a, b)| a == b).count();
        shared >= 3 || known.starts_with(key)
    });
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("`{key}` is not a key of #[{of}(…)]: {}{hint}", keys.join(", "))
}

/// `tags = ["billing", …]`.
fn tags(meta: &ParseNestedMeta<'_>) -> Result<Vec<String>> {
    let words;
    let list = meta.value()?;
    syn::bracketed!(words in list);
    let words = words.parse_terminated(|word| word.parse::<LitStr>(), Token![,])?;
    words.iter().map(checked).collect()
}

/// `redact = [card, "address.street", …]`: a field, or the path of what is inside of one in quotes.
pub(crate) fn redact(meta: &ParseNestedMeta<'_>) -> Result<Vec<String>> {
    let fields;
    let list = meta.value()?;
    syn::bracketed!(fields in list);
    let mut paths = Vec::new();
    while !fields.is_empty() {
        paths.push(match fields.peek(LitStr) {
            true => path(&fields.parse()?)?,
            false => Ident::parse_any(&fields)?.unraw().to_string(),
        });
        if !fields.is_empty() {
            fields.parse::<Token![,]>()?;
        }
    }
    Ok(paths)
}

/// The path of a field, by the rule the library checks at run time.
fn path(literal: &LitStr) -> Result<String> {
    let path = literal.value();
    let is_named = path.split('.').all(|name| !name.is_empty());
    // `limits::MARK_BYTES` and `limits::DATA_PATH`.
    if !is_named || path.len() > 256 || path.split('.').count() > 16 || path.contains('\0') {
        let wrong = "the path of a field is names with dots between, such as \"card.number\"";
        return Err(Error::new(literal.span(), wrong));
    }
    Ok(path)
}

/// `subjects(customer = customer_id, …)`: a type, as a word or in quotes, and the field with the id; a word alone is both.
pub(crate) fn subjects(meta: &ParseNestedMeta<'_>) -> Result<Vec<(String, Ident)>> {
    let mut subjects = Vec::new();
    let list;
    syn::parenthesized!(list in meta.input);
    while !list.is_empty() {
        let (kind, word) = if list.peek(LitStr) {
            (checked(&list.parse()?)?, None)
        } else {
            let word = Ident::parse_any(&list)?;
            (word.unraw().to_string(), Some(word))
        };
        let field = match (list.parse::<Option<Token![=]>>()?, word) {
            (Some(_), _) => Ident::parse_any(&list)?,
            (None, Some(word)) => word,
            (None, None) => return Err(list.error("expected = and the field with the id")),
        };
        subjects.push((kind, field));
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    Ok(subjects)
}

/// A kind's or queue's name, by the rule the library checks at run time.
pub(crate) fn name(meta: &ParseNestedMeta<'_>) -> Result<String> {
    checked(&meta.value()?.parse()?)
}

fn checked(literal: &LitStr) -> Result<String> {
    let name = literal.value();
    let fits = |c: char| c.is_alphanumeric() || "._-:/".contains(c);
    if name.is_empty() || name.chars().count() > 128 || !name.chars().all(fits) {
        let wrong = "a name has 1 to 128 letters, digits and . _ - : /";
        return Err(Error::new(literal.span(), wrong));
    }
    Ok(name)
}

/// The version of a payload's shape.
pub(crate) fn version(literal: &LitInt) -> Result<u16> {
    match literal.base10_parse()? {
        0 => Err(Error::new(literal.span(), "versions begin with 1")),
        // What a store can keep: `limits::LARGEST_NUMBER`.
        32_768.. => Err(Error::new(literal.span(), "versions end with 32767")),
        version => Ok(version),
    }
}

fn duration(literal: &LitStr) -> Result<u64> {
    let text = literal.value();
    let wrong =
        || Error::new(literal.span(), "expected a number and a unit, such as 250ms, 30s, 5m or 2h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).filter(|ms| *ms > 0).ok_or_else(wrong)
}
