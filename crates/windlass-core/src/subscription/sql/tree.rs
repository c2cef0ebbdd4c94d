//! An expression as it was understood, and as it is written again.

use std::fmt;

use super::function::Function;
use super::like::Pattern;
use crate::subscription::key::Key;
use crate::subscription::number::Number;

/// A part of an expression.
///
/// Operators of one level that follow one another are one `Chain`, so that a long row of them is not deep.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Boolean(bool),
    Number(Number),
    Text(String),
    Key(Key),
    Exists(Key),
    Not(Box<Node>),
    Negate(Box<Node>),
    Like { value: Box<Node>, pattern: Pattern, negated: bool },
    In { value: Box<Node>, set: Vec<Node>, negated: bool },
    Chain { first: Box<Node>, rest: Vec<(Operator, Node)> },
    Call(Function, Vec<Node>),
}

/// What stands between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    And,
    Or,
    Xor,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What a part gives, as far as that is known before there is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Boolean,
    Number,
    Text,
}

/// How closely parts hold together; the closest has the largest number.
pub(super) mod level {
    pub(in crate::subscription::sql) const LOGIC: u8 = 1;
    pub(in crate::subscription::sql) const COMPARISON: u8 = 2;
    pub(in crate::subscription::sql) const SUM: u8 = 3;
    pub(in crate::subscription::sql) const PRODUCT: u8 = 4;
    pub(in crate::subscription::sql) const LIKE_AND_IN: u8 = 5;
    pub(in crate::subscription::sql) const UNARY: u8 = 6;
    pub(in crate::subscription::sql) const VALUE: u8 = 7;
}

impl Operator {
    pub(super) const ALL: [Self; 14] = [
        Self::And,
        Self::Or,
        Self::Xor,
        Self::Equal,
        Self::Unequal,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
    ];

    /// `<>` is another way to write `!=`.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        match text {
            "<>" => Some(Self::Unequal),
            _ => Self::ALL.into_iter().find(|one| one.text().eq_ignore_ascii_case(text)),
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
            Self::Xor => "XOR",
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    pub(super) const fn level(self) -> u8 {
        match self {
            Self::And | Self::Or | Self::Xor => level::LOGIC,
            Self::Equal
            | Self::Unequal
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual => level::COMPARISON,
            Self::Add | Self::Subtract => level::SUM,
            Self::Multiply | Self::Divide | Self::Remainder => level::PRODUCT,
        }
    }
}

impl Node {
    /// The type of what it gives; `None` where the event decides.
    pub(crate) fn gives(&self) -> Option<Type> {
        match self {
            Self::Key(_) => None,
            Self::Boolean(_)
            | Self::Exists(_)
            | Self::Not(_)
            | Self::Like { .. }
            | Self::In { .. } => Some(Type::Boolean),
            Self::Number(_) | Self::Negate(_) => Some(Type::Number),
            Self::Text(_) => Some(Type::Text),
            Self::Call(function, _) => Some(function.gives()),
            Self::Chain { rest, .. } => rest.last().map(|(operator, _)| match operator.level() {
                level::SUM | level::PRODUCT => Type::Number,
                _ => Type::Boolean,
            }),
        }
    }

    /// The parts it is made of, in the order in which they are evaluated.
    pub(super) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::Key(_) | Self::Exists(_) => {
                Vec::new()
            }
            Self::Not(part) | Self::Negate(part) | Self::Like { value: part, .. } => vec![part],
            Self::In { value, set, .. } => [&**value].into_iter().chain(set).collect(),
            Self::Chain { first, rest } => {
                [&**first].into_iter().chain(rest.iter().map(|(_, part)| part)).collect()
            }
            Self::Call(_, arguments) => arguments.iter().collect(),
        }
    }

    /// What it looks at, from left to right.
    pub(crate) fn keys(&self) -> Vec<&Key> {
        match self {
            Self::Key(key) | Self::Exists(key) => vec![key],
            _ => self.parts().into_iter().flat_map(Self::keys).collect(),
        }
    }

    const fn level(&self) -> u8 {
        match self {
            Self::Not(_) | Self::Negate(_) => level::UNARY,
            Self::Like { .. } | Self::In { .. } => level::LIKE_AND_IN,
            Self::Chain { rest, .. } => match rest.as_slice() {
                [(operator, _), ..] => operator.level(),
                [] => level::LOGIC,
            },
            _ => level::VALUE,
        }
    }

    /// Writes it as a part of something that holds its parts together as closely as this.
    fn within(&self, least: u8) -> Within<'_> {
        Within { node: self, parentheses: self.level() < least }
    }
}

struct Within<'n> {
    node: &'n Node,
    parentheses: bool,
}

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parentheses {
            true => write!(f, "({})", self.node),
            false => self.node.fmt(f),
        }
    }
}

/// On one line where its texts are, and so that it is understood in the same way when it is read again.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write_text(f, text),
            Self::Key(key) => key.fmt(f),
            Self::Exists(key) => write!(f, "EXISTS {key}"),
            Self::Not(part) => write!(f, "NOT {}", part.within(level::UNARY)),
            // A minus in front of digits belongs to the number.
            Self::Negate(part) if matches!(**part, Self::Number(_)) => write!(f, "-({part})"),
            Self::Negate(part) => write!(f, "-{}", part.within(level::UNARY)),
            Self::Like { value, pattern, negated } => {
                let not = if *negated { "NOT " } else { "" };
                write!(f, "{} {not}LIKE ", value.within(level::LIKE_AND_IN))?;
                write_text(f, &pattern.to_string())
            }
            Self::In { value, set, negated } => {
                let not = if *negated { "NOT " } else { "" };
                write!(f, "{} {not}IN ", value.within(level::LIKE_AND_IN))?;
                write_list(f, set)
            }
            Self::Chain { first, rest } => {
                let above = self.level() + 1;
                first.within(above).fmt(f)?;
                rest.iter().try_for_each(|(operator, part)| {
                    write!(f, " {} {}", operator.text(), part.within(above))
                })
            }
            Self::Call(function, arguments) => {
                f.write_str(function.name())?;
                write_list(f, arguments)
            }
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, list: &[Node]) -> fmt::Result {
    f.write_str("(")?;
    for (nth, node) in list.iter().enumerate() {
        write!(f, "{}{node}", if nth == 0 { "" } else { ", " })?;
    }
    f.write_str(")")
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let quote = if can_stand_in(text, '\'') { '\'' } else { '"' };
    write!(f, "{quote}{}{quote}", text.replace(quote, &format!("\\{quote}")))
}

/// Whether a text can be written between these quotes. A backslash escapes the quote alone, so one that is part of the
/// text must not stand in front of it.
pub(super) fn can_stand_in(text: &str, quote: char) -> bool {
    let mut odd = false;
    for c in text.chars() {
        if odd && c == quote {
            return false;
        }
        odd = c == '\\' && !odd;
    }
    !odd
}
