//! Expressions by chance: what is written is read again as it was, and nothing panics.

use fastrand::Rng;

use super::Expression;
use super::function::Function;
use super::like::Pattern;
use super::parse::parse;
use super::tree::{Node, Operator, can_stand_in};
use super::value::Value;
use crate::limits::SQL_BYTES;
use crate::subscription::EventView;
use crate::subscription::key::{Key, Member};
use crate::subscription::number::Number;

fn text(rng: &mut Rng) -> String {
    loop {
        let chars = ['a', '\'', '"', '\\', '%', '_', 'é', '\n', '\0', '5'];
        let text: String = (0..rng.usize(..5)).map(|_| chars[rng.usize(..chars.len())]).collect();
        if can_stand_in(&text, '\'') || can_stand_in(&text, '"') {
            return text;
        }
    }
}

fn key(rng: &mut Rng) -> Key {
    match rng.u8(..3) {
        0 => Key::Data((0..rng.usize(..3)).map(|_| Member::new(&text(rng))).collect()),
        1 => Key::Data(vec![Member::new(["n", "0", "f", "t"][rng.usize(..4)])]),
        _ => Key::attribute(["id", "subject", "late", "1st", "x"][rng.usize(..5)]).expect("a name"),
    }
}

fn number(rng: &mut Rng) -> Number {
    match rng.u8(..4) {
        0 => Number::Whole(i32::MIN.into()),
        1 => Number::of_float(f64::from(rng.i32(..)) / 8.0).expect("a number"),
        2 => Number::Whole(rng.i64(..).into()),
        _ => Number::Whole(rng.i128(-3..4)),
    }
}

fn nodes(rng: &mut Rng, depth: usize, least: usize) -> Vec<Node> {
    (0..least + rng.usize(..3)).map(|_| node(rng, depth)).collect()
}

fn node(rng: &mut Rng, depth: usize) -> Node {
    let inner = |rng: &mut Rng| Box::new(node(rng, depth.saturating_sub(1)));
    match rng.u8(if depth == 0 { 0..5 } else { 0..14 }) {
        0 => Node::Boolean(rng.bool()),
        1 => Node::Number(number(rng)),
        2 => Node::Text(text(rng)),
        3 => Node::Key(key(rng)),
        4 => Node::Exists(key(rng)),
        5 => Node::Not(inner(rng)),
        6 => Node::Negate(inner(rng)),
        7 => {
            Node::Like { value: inner(rng), pattern: Pattern::new(text(rng)), negated: rng.bool() }
        }
        8 => Node::In { value: inner(rng), set: nodes(rng, depth - 1, 1), negated: rng.bool() },
        9 => {
            let names = Function::names();
            let function = Function::of_name(names[rng.usize(..names.len())]).expect("a function");
            let count = (0..9).find(|count| function.refuses(*count).is_none()).expect("a number");
            Node::Call(function, (0..count).map(|_| node(rng, depth - 1)).collect())
        }
        _ => {
            let level = Operator::ALL[rng.usize(..Operator::ALL.len())].level();
            let row: Vec<Operator> =
                Operator::ALL.into_iter().filter(|one| one.level() == level).collect();
            let rest = nodes(rng, depth - 1, 1);
            let rest = rest.into_iter().map(|part| (row[rng.usize(..row.len())], part)).collect();
            Node::Chain { first: inner(rng), rest }
        }
    }
}

#[test]
fn an_expression_that_is_written_is_read_again_as_it_was() {
    let mut rng = Rng::with_seed(1);
    let mut read = 0;
    for round in 0..20_000 {
        let tree = node(&mut rng, 4);
        let text = tree.to_string();
        if text.len() <= SQL_BYTES {
            assert_eq!(parse(&text), Ok(tree), "{round}: {text}");
            read += 1;
        }
    }
    assert!(read > 15_000, "{read} were read");
}

/// An expression ends with TRUE, FALSE or an error, is explained, and gives what its tree says it gives.
#[test]
fn any_expression_has_an_end_and_an_explanation() {
    let mut rng = Rng::with_seed(2);
    let (mut values, mut faults) = (0, 0);
    for _ in 0..20_000 {
        let node = node(&mut rng, 3);
        let expression = Expression { text: node.to_string(), node };
        let event = EventView::new("5", "/", "a.b")
            .subject("TRUE")
            .extension("late", rng.bool())
            .extension("1st", rng.i32(..))
            .data(r#"{"n": -2147483648, "f": 0.5, "t": "aé", "0": [1]}"#);
        assert!(!expression.explain(&event).is_empty());
        match expression.value(&event) {
            Ok(value) => {
                let gives = expression.node.gives();
                assert!(gives.is_none_or(|gives| gives == value.kind()), "{expression}: {value}");
                assert_eq!(expression.matches(&event), value == Value::Boolean(true));
                values += 1;
            }
            Err(fault) => {
                assert!(!expression.matches(&event) && !fault.to_string().is_empty());
                faults += 1;
            }
        }
    }
    assert!(values > 3_000 && faults > 3_000, "{values} values, {faults} faults");
}

/// Pieces of the language in any order are read or refused.
#[test]
fn pieces_in_any_order_are_read_or_refused() {
    let mut rng = Rng::with_seed(4);
    let pieces = [
        "a", "1", "-", "+", "NOT ", "LIKE ", "'x'", "\"", "'", "(", ")", ",", " IN ", " AND ", "=",
        "data", ".", "\"q\"", "EXISTS ", "LEFT(", "<", ">", "!", "9.5", "\\", "é", "\0", " OR ",
        "true",
    ];
    let mut read = 0;
    for _ in 0..100_000 {
        let text: String =
            (0..rng.usize(1..9)).map(|_| pieces[rng.usize(..pieces.len())]).collect();
        if let Ok(tree) = parse(&text) {
            assert_eq!(parse(&tree.to_string()), Ok(tree), "{text}");
            read += 1;
        }
    }
    assert!(read > 1_000, "{read} were read");
}
