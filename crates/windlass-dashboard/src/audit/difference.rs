//! What an act has changed: members of an object as they were and as they became.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde_json::value::RawValue;

use crate::json::pretty;
use crate::parts::text;

type Members = BTreeMap<String, Box<RawValue>>;

/// A member, with what it was and what it became.
type Member<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

pub(super) fn difference(before: Option<&str>, after: Option<&str>) -> Markup {
    let (old, new) = (members(before), members(after));
    let changed = changed(&old, &new);
    html! {
        @if changed.is_empty() { p.meta { "Nothing that is kept of it is different." } }
        @else {
            table.difference {
                thead { tr { th { "Member" } th { "Before" } th { "After" } } }
                tbody { @for (name, was, is) in changed {
                    tr {
                        th scope="row" { (text(name)) }
                        td { @if let Some(was) = was { del { (pretty(was)) } } @else { span.none { "–" } } }
                        td { @if let Some(is) = is { ins { (pretty(is)) } } @else { span.none { "–" } } }
                    }
                } }
            }
        }
    }
}

/// The members of an object; what is none has no members.
fn members(document: Option<&str>) -> Members {
    document.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn changed<'a>(old: &'a Members, new: &'a Members) -> Vec<Member<'a>> {
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).map(String::as_str).collect();
    let of = |members: &'a Members, name: &str| members.get(name).map(|value| value.get());
    names.into_iter().map(|name| (name, of(old, name), of(new, name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_what_it_was_and_what_it_became() {
        let old = members(Some(r#"{"a":1,"gone":12345678901234567890.10}"#));
        let new = members(Some(r#"{"a":2,"came":"x"}"#));
        let expected: [Member<'_>; 3] = [
            ("a", Some("1"), Some("2")),
            ("came", None, Some("\"x\"")),
            ("gone", Some("12345678901234567890.10"), None),
        ];
        assert_eq!(changed(&old, &new), expected);
        assert!(members(Some("[1]")).is_empty());
    }
}
