//! Filters by chance: a filter that is looked at by the definition, fast, and in words gives one answer.

use fastrand::Rng;
use serde_json::{Value, json};

use super::{EventView, Filter, TypePattern};

const TYPES: [&str; 6] = ["a", "a.b", "a.*", "a.b.*", "*", "b"];
const ATTRIBUTES: [&str; 5] = ["id", "subject", "late", "count", "x"];
const MEMBERS: [&str; 6] = ["data", "data.t", "data.n", "data.list.0", "data.none", "data.f"];

fn pick<'t>(rng: &mut Rng, of: &[&'t str]) -> &'t str {
    of[rng.usize(..of.len())]
}

fn value(rng: &mut Rng, key: &str) -> Value {
    let is_text = ["id", "subject"].contains(&key);
    match rng.u8(if is_text { 0..2 } else { 0..5 }) {
        0 => "1".into(),
        1 => "ab".into(),
        2 => rng.i32(0..3).into(),
        3 => rng.bool().into(),
        _ if key.starts_with("data") => Value::Null,
        _ => 0.5.into(),
    }
}

fn predicate(rng: &mut Rng, depth: usize) -> Value {
    let many =
        |rng: &mut Rng| (0..rng.usize(1..4)).map(|_| predicate(rng, depth - 1)).collect::<Value>();
    let keys: Vec<&str> = (0..rng.usize(1..3))
        .map(|_| if rng.bool() { pick(rng, &ATTRIBUTES) } else { pick(rng, &MEMBERS) })
        .collect();
    match rng.u8(if depth == 0 { 0..4 } else { 0..7 }) {
        0 => {
            json!({ "exact": keys.iter().map(|key| ((*key).to_owned(), value(rng, key))).collect::<Value>() })
        }
        1 => {
            json!({ "prefix": keys.iter().map(|key| ((*key).to_owned(), Value::from("1"))).collect::<Value>() })
        }
        2 => {
            json!({ "suffix": keys.iter().map(|key| ((*key).to_owned(), Value::from("b"))).collect::<Value>() })
        }
        3 => json!({ "sql": pick(rng, &["TRUE", "FALSE", "1 = 1 / 0"]) }),
        4 => json!({ "all": many(rng) }),
        5 => json!({ "any": many(rng) }),
        _ => json!({ "not": predicate(rng, depth - 1) }),
    }
}

/// What an event has, as JSON.
fn look(event: &Value, key: &str) -> Option<Value> {
    let pointer = format!("/{}", key.replace('.', "/"));
    event.pointer(&pointer).cloned()
}

fn by_definition(predicate: &Value, event: &Value) -> bool {
    let (word, value) = predicate.as_object().and_then(|one| one.iter().next()).expect("one key");
    let list = || value.as_array().expect("a list").iter();
    let pairs = || value.as_object().expect("pairs").iter();
    let text = |key: &str| {
        let seen = look(event, key)?;
        match &seen {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            _ if key.starts_with("data") => None,
            other => Some(other.to_string()),
        }
    };
    let wanted = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match word.as_str() {
        "all" => list().all(|inner| by_definition(inner, event)),
        "any" => list().any(|inner| by_definition(inner, event)),
        "not" => !by_definition(value, event),
        "sql" => value == "TRUE",
        "prefix" => pairs()
            .all(|(key, value)| text(key).is_some_and(|text| text.starts_with(&wanted(value)))),
        "suffix" => {
            pairs().all(|(key, value)| text(key).is_some_and(|text| text.ends_with(&wanted(value))))
        }
        _ => pairs().all(|(key, value)| match value {
            Value::String(wanted) => text(key).is_some_and(|text| text == *wanted),
            other => look(event, key).is_some_and(|seen| {
                seen == *other
                    || (!key.starts_with("data") && seen.as_str() == Some(&*other.to_string()))
            }),
        }),
    }
}

#[test]
fn a_filter_its_explanation_and_the_definition_agree() {
    let mut rng = Rng::with_seed(5);
    let (mut wanted, mut unwanted) = (0, 0);
    for round in 0..20_000 {
        let mut json = json!({});
        if rng.bool() {
            json["types"] = (0..rng.usize(1..3)).map(|_| pick(&mut rng, &TYPES)).collect();
        }
        if rng.u8(..8) > 0 {
            json["all"] = (0..rng.usize(1..3)).map(|_| predicate(&mut rng, 3)).collect();
        }
        let filter =
            Filter::parse(&json.to_string()).unwrap_or_else(|error| panic!("{json}: {error}"));
        let again = Filter::parse(&serde_json::to_string(&filter).expect("JSON"));
        assert_eq!(again.as_ref(), Ok(&filter), "{json}");
        assert!(!filter.to_string().contains('\n'));

        let (kind, subject, late, count) = (
            pick(&mut rng, &["a", "a.b", "a.b.c", "c"]),
            pick(&mut rng, &["1", "1b", "ab"]),
            rng.bool(),
            rng.i32(0..3),
        );
        let text = pick(&mut rng, &["1", "true", "0.5"]);
        let data = json!({
            "t": pick(&mut rng, &["1", "ab"]), "n": rng.i32(0..3), "list": [value(&mut rng, "x")], "none": null, "f": 0.5
        });
        let attributes = json!({ "id": "1", "subject": subject, "late": late, "count": count, "x": text, "data": data });
        let data = data.to_string();
        let event = EventView::new("1", "/", kind)
            .subject(subject)
            .extension("late", late)
            .extension("count", count)
            .extension("x", text)
            .data(&data);

        let is_kind = filter.types().is_empty()
            || filter.types().iter().any(|one: &TypePattern| one.fits(kind));
        let none = Vec::new();
        let all = json.get("all").and_then(Value::as_array).unwrap_or(&none);
        let expected = is_kind && all.iter().all(|one| by_definition(one, &attributes));
        assert_eq!(filter.matches(&event), expected, "{round}: {json} on {attributes}");
        let explanation = filter.explain(&event);
        assert_eq!(explanation.matches, expected, "{round}: {json}: {explanation}");
        assert!(!explanation.words.is_empty());
        if expected { wanted += 1 } else { unwanted += 1 }
    }
    assert!(wanted > 3_000 && unwanted > 3_000, "{wanted} and {unwanted}");
}

/// A filter with a few characters changed is read or refused; one that is read is looked at.
#[test]
fn a_filter_with_changed_characters_is_read_or_refused() {
    let json = r#"{"types":["a.*"],"all":[{"exact":{"data.n.0":1,"id":"1"}},{"not":{"any":[{"sql":"data.\"x\" IN (1, 'b')"}]}}]}"#;
    let mut rng = Rng::with_seed(6);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..50_000 {
        let mut chars: Vec<char> = json.chars().collect();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..chars.len());
            let other = chars[rng.usize(..chars.len())];
            match rng.u8(..4) {
                0 => drop(chars.remove(at)),
                1 => chars.insert(at, other),
                2 => chars[at] = ['\0', '\\', 'é', '"', '9'][rng.usize(..5)],
                _ => chars[at] = other,
            }
        }
        let text: String = chars.into_iter().collect();
        match Filter::parse(&text) {
            Ok(filter) => {
                let event = EventView::new("1", "/", "a.b").data(r#"{"n": [1]}"#);
                assert_eq!(filter.matches(&event), filter.explain(&event).matches, "{text}");
                read += 1;
            }
            Err(error) => {
                assert!(!error.to_string().contains(char::is_control), "{text}: {error:?}");
                refused += 1;
            }
        }
    }
    assert!(read > 1_000 && refused > 1_000, "{read} and {refused}");
}
