//! What an expression gives for an event.

use super::tree::{Node, Operator};
use super::value::{Fault, Value};
use crate::subscription::event::{EventView, Seen};

/// The value, or the first fault on the way to it.
///
/// Recursion is as deep as the tree, which the parser bounds.
pub(super) fn evaluate<'s>(
    node: &'s Node,
    event: &'s EventView<'_>,
) -> Result<Value<'s>, Fault<'s>> {
    Ok(match node {
        Node::Boolean(boolean) => Value::Boolean(*boolean),
        Node::Number(number) => Value::Number(*number),
        Node::Text(text) => Value::Text(text.as_str().into()),
        Node::Key(key) => Value::of_seen(event.look(key), key)?,
        Node::Exists(key) => match event.look(key) {
            Seen::Unreadable(why) => return Err(Fault::Unreadable(why)),
            seen => Value::Boolean(!matches!(seen, Seen::Missing | Seen::Null)),
        },
        Node::Not(part) => Value::Boolean(!evaluate(part, event)?.boolean()?),
        Node::Negate(part) => {
            let negative = evaluate(part, event)?.integer()?.checked_neg();
            negative.map(Value::integer_of).ok_or(TOO_LARGE)?
        }
        Node::Like { value, pattern, negated } => {
            let text = evaluate(value, event)?.text();
            Value::Boolean(pattern.fits(&text) != *negated)
        }
        Node::In { value, set, negated } => {
            let value = evaluate(value, event)?;
            Value::Boolean(is_in(&value, set, event)? != *negated)
        }
        Node::Chain { first, rest } => {
            let mut value = evaluate(first, event)?;
            for (operator, part) in rest {
                value = apply(*operator, value, part, event)?;
            }
            value
        }
        Node::Call(function, arguments) => {
            let values = arguments.iter().map(|argument| evaluate(argument, event));
            function.call(values.collect::<Result<_, _>>()?)?
        }
    })
}

const TOO_LARGE: Fault<'static> = Fault::Math("does not fit 32 bits");

fn is_in<'s>(
    value: &Value<'s>,
    set: &'s [Node],
    event: &'s EventView<'_>,
) -> Result<bool, Fault<'s>> {
    for part in set {
        if evaluate(part, event)?.equals(value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The right side of AND and OR is evaluated only where the left one leaves the answer open.
pub(super) fn apply<'s>(
    operator: Operator,
    left: Value<'s>,
    right: &'s Node,
    event: &'s EventView<'_>,
) -> Result<Value<'s>, Fault<'s>> {
    let logic = matches!(operator, Operator::And | Operator::Or | Operator::Xor);
    if !logic {
        return calculate(operator, left, evaluate(right, event)?);
    }
    let left = left.boolean()?;
    let is_decided = match operator {
        Operator::And => !left,
        Operator::Or => left,
        _ => false,
    };
    if is_decided {
        return Ok(Value::Boolean(left));
    }
    let right = evaluate(right, event)?.boolean()?;
    Ok(Value::Boolean(if operator == Operator::Xor { left != right } else { right }))
}

fn calculate<'s>(
    operator: Operator,
    left: Value<'s>,
    right: Value<'s>,
) -> Result<Value<'s>, Fault<'s>> {
    let truth = match operator {
        Operator::Equal => left.equals(&right)?,
        Operator::Unequal => !left.equals(&right)?,
        Operator::Less => left.order(right)?.is_lt(),
        Operator::LessOrEqual => left.order(right)?.is_le(),
        Operator::Greater => left.order(right)?.is_gt(),
        Operator::GreaterOrEqual => left.order(right)?.is_ge(),
        _ => {
            let (left, right) = (left.integer()?, right.integer()?);
            return number(operator, left, right).map(Value::integer_of);
        }
    };
    Ok(Value::Boolean(truth))
}

fn number(operator: Operator, left: i32, right: i32) -> Result<i32, Fault<'static>> {
    let is_division = matches!(operator, Operator::Divide | Operator::Remainder);
    if is_division && right == 0 {
        return Err(Fault::Math("of a division by 0 is not a number"));
    }
    let result = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        // The remainder of the smallest integer by -1 is 0, though the quotient is too large.
        _ => Some(left.wrapping_rem(right)),
    };
    result.ok_or(TOO_LARGE)
}
