//! Which part of an expression decided.

use super::eval::{apply, evaluate};
use super::tree::{Node, Operator};
use super::value::Value;
use crate::subscription::event::EventView;
use crate::subscription::words::seen;

/// Values that are named beside a part.
const NAMED: usize = 4;

/// The smallest part that decided, and why, in words.
///
/// Parts are evaluated again on the way down, which costs the depth of the tree times its size.
pub(super) fn explain(node: &Node, event: &EventView<'_>) -> String {
    match evaluate(node, event) {
        Err(_) => fault(node, event),
        Ok(Value::Boolean(truth)) => {
            let part = deciding(node, truth, event);
            with_values(part, event)
        }
        Ok(value) => format!("{node} gives {value}, which is neither TRUE nor FALSE"),
    }
}

/// The innermost operation that has a fault of its own, or a value without which it cannot be.
fn fault(node: &Node, event: &EventView<'_>) -> String {
    let is_operation = |part: &&Node| !part.parts().is_empty();
    match faulty_part(node, event).filter(is_operation) {
        Some(part) => fault(part, event),
        None => match evaluate(node, event) {
            Err(error) => format!("{node}: {error}"),
            Ok(_) => node.to_string(),
        },
    }
}

/// The first of its parts that is evaluated and has no value.
fn faulty_part<'n>(node: &'n Node, event: &EventView<'_>) -> Option<&'n Node> {
    let Node::Chain { first, rest } = node else {
        return node.parts().into_iter().find(|part| evaluate(part, event).is_err());
    };
    let Ok(mut value) = evaluate(first, event) else { return Some(first) };
    for (operator, part) in rest {
        match apply(*operator, value, part, event) {
            Ok(next) => value = next,
            Err(_) => return evaluate(part, event).is_err().then_some(part),
        }
    }
    None
}

/// Goes down where one side of AND or OR made the whole what it is.
fn deciding<'n>(node: &'n Node, truth: bool, event: &EventView<'_>) -> &'n Node {
    let Node::Chain { first, rest } = node else { return node };
    let decisive = if truth { Operator::Or } else { Operator::And };
    if rest.iter().any(|(operator, _)| *operator != decisive) {
        return node;
    }
    let parts = [&**first].into_iter().chain(rest.iter().map(|(_, part)| part));
    let mut cause = parts.filter(|part| {
        let value = evaluate(part, event).and_then(Value::boolean);
        value.is_ok_and(|value| value == truth)
    });
    match cause.next() {
        Some(part) => deciding(part, truth, event),
        None => node,
    }
}

fn with_values(node: &Node, event: &EventView<'_>) -> String {
    let mut keys = Vec::new();
    for key in node.keys() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut values: Vec<String> =
        keys.iter().take(NAMED).map(|key| format!("{key} {}", seen(event.look(key)))).collect();
    if keys.len() > NAMED {
        values.push("…".to_owned());
    }
    if values.is_empty() { node.to_string() } else { format!("{node}: {}", values.join(", ")) }
}
