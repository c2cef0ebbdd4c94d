//! The args of a job as they are given on the command line, in a file or on stdin.

use std::fs::File;
use std::io::{self, Read};

use anyhow::Context as _;
use windlass::Json;
use windlass::json::JsonError;
use windlass::limits::ARGS_BYTES;

use crate::exit::{Exit, Failure};
use crate::output::time::number;

/// Reads args: nothing is `{}`, `@FILE` a file, `-` stdin, `key=value…` an object, anything else
/// JSON.
///
/// # Errors
/// When they cannot be read or stored; the error says where they came from, and the size or the
/// place.
pub(crate) fn read(words: &[String]) -> anyhow::Result<Json> {
    match words {
        [] => checked("args", Json::args("{}")),
        [word] if word == "-" => from_reader("args from stdin", io::stdin().lock()),
        [word] if word.starts_with('@') => from_file(&word[1..]),
        [word] if pair(word).is_none() => {
            checked("args", Json::args(word.as_str())).map_err(|error| with_advice(error, word))
        }
        pairs => checked("args", Json::args(object(pairs)?)),
    }
}

fn from_file(path: &str) -> anyhow::Result<Json> {
    let refuse = |error: io::Error| {
        Failure::usage(format!(
            "the file {path} with the args cannot be read: {error}; nothing was written"
        ))
    };
    let file = File::open(path).map_err(refuse)?;
    let metadata = file.metadata().map_err(refuse)?;
    let what = format!("args from {path}");
    if metadata.is_dir() {
        return Err(refuse(io::Error::from(io::ErrorKind::IsADirectory)).into());
    }
    if let Ok(bytes) = usize::try_from(metadata.len())
        && bytes > ARGS_BYTES
    {
        return checked(&what, Err(JsonError::Large { bytes, limit: ARGS_BYTES }));
    }
    from_reader(&what, file)
}

/// Reads no more than needed to know that there is too much: stdin may have no end.
fn from_reader(what: &str, reader: impl Read) -> anyhow::Result<Json> {
    let mut bytes = Vec::new();
    reader
        .take(ARGS_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{what} cannot be read"))?;
    if bytes.len() > ARGS_BYTES {
        let limit = number(ARGS_BYTES as u64);
        return Err(Failure::usage(format!(
            "{what} refused: more than {limit} bytes, which is the limit; nothing was written"
        ))
        .into());
    }
    checked(what, Json::args_from_bytes(bytes))
}

fn checked(what: &str, json: Result<Json, JsonError>) -> anyhow::Result<Json> {
    json.map_err(|error| {
        let why = match &error {
            JsonError::Large { bytes, limit } => format!(
                "{} bytes are above the limit of {}; keep the data elsewhere and enqueue where it is",
                number(*bytes as u64),
                number(*limit as u64)
            ),
            other => other.to_string(),
        };
        Failure::new(Exit::Usage, format!("{what} refused: {why}; nothing was written")).into()
    })
}

fn with_advice(error: anyhow::Error, word: &str) -> anyhow::Error {
    let is_bare_word = word.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c));
    if is_bare_word {
        return Failure::usage(format!("{error}; args are JSON, key=value, @FILE or - for stdin"))
            .into();
    }
    error
}

/// `key=value` where the key looks like one.
fn pair(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once('=')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    is_key.then_some((key, value))
}

/// An object of pairs, in their order. A value that is JSON stays as it is written, so that large
/// numbers keep their digits; anything else is a string.
fn object(words: &[String]) -> anyhow::Result<String> {
    let mut members: Vec<(&str, String)> = Vec::new();
    for word in words {
        let (key, value) = pair(word).ok_or_else(|| {
            Failure::usage(format!(
                "`{word}` is not key=value; args are one JSON text, @FILE, - for stdin, or key=value several times; nothing was written"
            ))
        })?;
        if members.iter().any(|(known, _)| *known == key) {
            return Err(Failure::usage(format!(
                "the key `{key}` is given twice; nothing was written"
            ))
            .into());
        }
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
        let value = if is_json { value.to_owned() } else { serde_json::to_string(value)? };
        members.push((key, value));
    }
    let written: Result<Vec<String>, serde_json::Error> = members
        .into_iter()
        .map(|(key, value)| Ok(format!("{}:{value}", serde_json::to_string(key)?)))
        .collect();
    Ok(format!("{{{}}}", written?.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read(&words).map(|json| json.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn args_are_read_in_every_form() {
        assert_eq!(args(&[]), Ok("{}".to_owned()));
        assert_eq!(args(&["[1,2]"]), Ok("[1,2]".to_owned()));
        assert_eq!(args(&[r#""a=b""#]), Ok(r#""a=b""#.to_owned()));
        assert_eq!(args(&["user_id=42"]), Ok(r#"{"user_id":42}"#.to_owned()));
        assert_eq!(
            args(&["name=World", "id=900719925474099312345", "on=true", "tags=[1]", "q=a=b"]),
            Ok(r#"{"name":"World","id":900719925474099312345,"on":true,"tags":[1],"q":"a=b"}"#
                .to_owned())
        );
    }

    #[test]
    fn what_is_no_args_is_refused() {
        for words in [&["{"][..], &["a=1", "b"], &["a=1", "a=2"], &["@/no/such/file"], &["hello"]] {
            let error = args(words).expect_err("refused");
            assert!(error.contains("nothing was written"), "{error}");
        }
    }
}
