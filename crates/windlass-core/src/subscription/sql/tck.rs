//! The conformance cases of CloudEvents SQL, as they stand in `cesql/cesql_tck` of github.com/cloudevents/spec
//! (Apache 2.0) at c2845a4, in one JSON file.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::value::{Fault, Value};
use super::{Expression, SqlError};
use crate::subscription::EventView;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    name: String,
    expression: String,
    result: Option<Json>,
    error: Option<String>,
    event: Option<Map<String, Json>>,
    overrides: Option<Map<String, Json>>,
}

fn event(attributes: &Map<String, Json>) -> EventView<'_> {
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let mut event = EventView::new(
        text("id").unwrap_or("an-id"),
        text("source").unwrap_or("http://localhost"),
        text("type").unwrap_or("a.type"),
    );
    for (name, value) in attributes {
        event = match (name.as_str(), value) {
            ("id" | "source" | "type" | "specversion", _) => event,
            ("subject", Json::String(text)) => event.subject(text),
            ("time", Json::String(text)) => event.time(text),
            (name, Json::String(text)) => event.extension(name, text.as_str()),
            (name, Json::Bool(boolean)) => event.extension(name, *boolean),
            (name, number) => {
                let integer = number.as_i64().and_then(|number| i32::try_from(number).ok());
                event.extension(name, integer.expect("an integer"))
            }
        };
    }
    event
}

fn json(value: &Value<'_>) -> Json {
    match value {
        Value::Boolean(boolean) => (*boolean).into(),
        Value::Number(number) => number.to_json(),
        Value::Text(text) => text.as_ref().into(),
    }
}

fn kind_of(fault: &Fault<'_>) -> &'static str {
    match fault {
        Fault::Missing(_) => "missingAttribute",
        Fault::Cast(..) => "cast",
        Fault::Math(_) => "math",
        Fault::Function(_) => "functionEvaluation",
        Fault::Null(_) | Fault::Structure(..) | Fault::Unreadable(_) => "generic",
    }
}

/// The case expects an error, as a draft had it. By the specification an integer that is not 0 is cast to TRUE, as the case
/// `BOOL(100)` has it too.
const NOT_TEN: &str = "NOT 10";

/// Where a case expects an error, its kind is held against ours; the value beside it is that of the mode that goes on.
#[test]
fn the_conformance_cases_pass() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("tck.json")).expect("cases");
    assert_eq!(cases.len(), 275);
    for case in cases {
        let attributes = case.event.or(case.overrides).unwrap_or_default();
        let event = event(&attributes);
        let name = format!("{}: {}: {}", case.file, case.name, case.expression);
        let expression = match Expression::parse_any(&case.expression) {
            Ok(expression) => expression,
            Err(SqlError::Function { .. }) => {
                assert_eq!(case.error.as_deref(), Some("missingFunction"), "{name}");
                continue;
            }
            Err(error) => {
                assert_eq!(case.error.as_deref(), Some("parse"), "{name}: {error}");
                continue;
            }
        };
        if case.expression == NOT_TEN {
            assert_eq!(expression.value(&event), Ok(Value::Boolean(false)));
            continue;
        }
        match expression.value(&event) {
            Ok(value) => {
                assert_eq!((Some(json(&value)), None), (case.result, case.error), "{name}")
            }
            Err(fault) => assert_eq!(Some(kind_of(&fault)), case.error.as_deref(), "{name}"),
        }
        assert_eq!(
            Expression::parse_any(&expression.to_string()).map(|e| e.node),
            Ok(expression.node),
            "{name}"
        );
    }
}
