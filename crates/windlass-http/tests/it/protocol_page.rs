//! `docs/worker-protocol.md`: every exchange of the page, played in its order.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::Value;
use windlass::Timestamp;

use crate::fixture::{TestApi, on_both_stores, request};

on_both_stores! {
    /// T8: the exchanges that the page shows are those of the server.
    the_page_shows_what_the_server_answers;
}

/// Ids that the page shortens, and texts that are of their server.
const BOUND: [&str; 5] = ["wkr_", "job_", "lse_", "req_", "mailer:"];

/// A block of the page: a request or an answer.
enum Block<'a> {
    Request(&'a str),
    Answer(&'a str),
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let parts = page.split("\n```").map(|part| part.split_once('\n').unwrap_or((part, "")));
    let block = |(kind, text)| match kind {
        "http" => Some(Block::Request(text)),
        "json" => Some(Block::Answer(text)),
        _ => None,
    };
    parts.filter_map(block).collect()
}

async fn the_page_shows_what_the_server_answers(api: TestApi) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/worker-protocol.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let mut said = (StatusCode::OK, Value::Null);
    // The ids of the page, and what they are here.
    let mut ids = HashMap::new();
    let mut compared = 0;
    for block in blocks(&page) {
        match block {
            Block::Request(text) => said = play(&api, text, &ids).await,
            Block::Answer(text) => {
                let shown: Value = serde_json::from_str(text).expect("an answer in JSON");
                compare(&shown, &said.1, &mut ids, "");
                let status = shown["status"].as_u64().unwrap_or(u64::from(said.0.as_u16()));
                assert_eq!(u64::from(said.0.as_u16()), status, "{text}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 14, "each kind of request is shown with its answer");
}

/// Sends a request as the page shows it.
async fn play(api: &TestApi, text: &str, ids: &HashMap<String, String>) -> (StatusCode, Value) {
    let mut text = text.to_owned();
    for (shown, here) in ids {
        text = text.replace(&format!("\"{shown}\""), &format!("\"{here}\""));
        text = text.replace(&format!("/{shown}"), &format!("/{here}"));
    }
    let (line, body) = text.split_once('\n').unwrap_or((&text, ""));
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let asked = request(method.parse::<Method>().expect("a method"), path);
    let asked = asked.header(header::CONTENT_TYPE, "application/json");
    let answer = api.send(asked.body(Body::from(body.to_owned())).expect("a request")).await;
    if !text.contains("/report") && !path.contains("wkr_0000") {
        assert!(answer.status.is_success(), "{line}: {answer:?}");
    }
    (answer.status, answer.body)
}

/// Holds an answer against what the page shows of it.
fn compare(shown: &Value, here: &Value, ids: &mut HashMap<String, String>, at: &str) {
    match (shown, here) {
        (Value::Object(shown), Value::Object(here)) => {
            // `"…": "…"` stands for fields that were shown before.
            let is_whole = !shown.contains_key("…");
            for (name, value) in shown.iter().filter(|(name, _)| *name != "…") {
                let found =
                    here.get(name).unwrap_or_else(|| panic!("{at}/{name} is not there: {here:?}"));
                compare(value, found, ids, &format!("{at}/{name}"));
            }
            let missing: Vec<_> = here.keys().filter(|name| !shown.contains_key(*name)).collect();
            assert!(!is_whole || missing.is_empty(), "{at} is shown without {missing:?}");
        }
        (Value::Array(shown), Value::Array(here)) => {
            assert_eq!(shown.len(), here.len(), "{at}: {here:?}");
            let pairs = shown.iter().zip(here).enumerate();
            pairs
                .for_each(|(nth, (shown, here))| compare(shown, here, ids, &format!("{at}/{nth}")));
        }
        (Value::String(shown), Value::String(here)) => compare_texts(shown, here, ids, at),
        _ => assert_eq!(shown, here, "{at}"),
    }
}

fn compare_texts(shown: &str, here: &str, ids: &mut HashMap<String, String>, at: &str) {
    if shown.parse::<Timestamp>().is_ok() {
        assert!(here.parse::<Timestamp>().is_ok(), "{at}: {here}");
    } else if BOUND.iter().any(|prefix| shown.starts_with(prefix) && here.starts_with(prefix)) {
        let bound = ids.entry(shown.to_owned()).or_insert_with(|| here.to_owned());
        assert_eq!(bound, here, "{at}: {shown}");
    } else {
        let words = shown.split_inclusive([' ', '/', ':']).map(|word| {
            let bare = word.trim_end_matches([' ', '/', ':']);
            ids.get(bare).map_or(word.to_owned(), |id| word.replace(bare, id))
        });
        assert_eq!(words.collect::<String>(), here, "{at}");
    }
}
