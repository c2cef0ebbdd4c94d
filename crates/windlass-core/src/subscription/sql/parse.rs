//! From text to tree: a Pratt parser.

use super::SqlError;
use super::function::Function;
use super::lex::{Kind, Lexer, Token};
use super::like::Pattern;
use super::tree::{Node, Operator, level};
use crate::limits::{SQL_BYTES, SQL_DEPTH};
use crate::name::nearest;
use crate::subscription::key::{DATA, Key};
use crate::subscription::number::Number;
use crate::subscription::words::{plain, short};

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Node, SqlError> {
    if text.len() > SQL_BYTES {
        return Err(SqlError::Large { bytes: text.len() });
    }
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    let mut parser = Parser { text, lexer, token, before: "", depth: 0 };
    let node = parser.expression(level::LOGIC)?;
    match parser.token.kind {
        Kind::End => Ok(node),
        _ if parser.token.text == ")" => Err(parser.error("expected the end, for no ( is open")),
        _ => Err(parser.expected("an operator or the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// The one that is looked at.
    token: Token<'t>,
    /// The text of the one before.
    before: &'t str,
    /// Operations that are open.
    depth: usize,
}

/// Words that are not attributes: an attribute of such a name cannot be written.
const KEYWORDS: [&str; 9] = ["AND", "EXISTS", "FALSE", "IN", "LIKE", "NOT", "OR", "TRUE", "XOR"];

impl<'t> Parser<'t> {
    /// A value and all operators behind it that hold as closely as `least` or closer.
    fn expression(&mut self, least: u8) -> Result<Node, SqlError> {
        let mut left = self.unary()?;
        let mut postfixes = 0;
        while let Some(negated) = self.postfix(least)? {
            postfixes += 1;
            if self.depth + postfixes > SQL_DEPTH {
                return Err(self.too_deep());
            }
            left = self.like_or_in(left, negated)?;
        }
        while let Some(operator) = self.operator().filter(|one| one.level() >= least) {
            let row = operator.level();
            let mut rest = Vec::new();
            while let Some(next) = self.operator().filter(|next| next.level() == row) {
                self.step()?;
                rest.push((next, self.expression(row + 1)?));
            }
            left = Node::Chain { first: Box::new(left), rest };
        }
        Ok(left)
    }

    fn operator(&self) -> Option<Operator> {
        match self.token.kind {
            Kind::Word | Kind::Sign => Operator::of_text(self.token.text),
            _ => None,
        }
    }

    /// Whether LIKE or IN comes, and whether NOT stands before it; `None` for anything else.
    fn postfix(&mut self, least: u8) -> Result<Option<bool>, SqlError> {
        if least > level::LIKE_AND_IN {
            return Ok(None);
        }
        let negated = self.takes("NOT")?;
        if self.is("LIKE") || self.is("IN") {
            return Ok(Some(negated));
        }
        if negated {
            return Err(self.expected("LIKE or IN"));
        }
        Ok(None)
    }

    fn like_or_in(&mut self, left: Node, negated: bool) -> Result<Node, SqlError> {
        let value = Box::new(left);
        if self.takes("LIKE")? {
            let Kind::Text(pattern) = &self.token.kind else {
                return Err(self.expected("a pattern in quotes"));
            };
            let pattern = Pattern::new(pattern.clone());
            self.step()?;
            return Ok(Node::Like { value, pattern, negated });
        }
        self.step()?;
        if !self.takes("(")? {
            return Err(self.expected("("));
        }
        let set = self.list()?;
        Ok(Node::In { value, set, negated })
    }

    /// NOT and minus hold more closely than anything between two values.
    fn unary(&mut self) -> Result<Node, SqlError> {
        if self.takes("NOT")? {
            return Ok(Node::Not(Box::new(self.deeper(Self::unary)?)));
        }
        let is_negative = self.is("-");
        if (is_negative || self.is("+")) && self.token.kind == Kind::Sign {
            self.step()?;
            if self.token.kind == Kind::Number {
                return self.number(is_negative);
            }
            if !is_negative {
                return Err(self.expected("a number"));
            }
            return Ok(Node::Negate(Box::new(self.deeper(Self::unary)?)));
        }
        self.value()
    }

    fn value(&mut self) -> Result<Node, SqlError> {
        if self.takes("(")? {
            let inner = self.deeper(|parser| parser.expression(level::LOGIC))?;
            self.close()?;
            return Ok(inner);
        }
        if self.takes("EXISTS")? {
            return self.key().map(Node::Exists);
        }
        for (word, boolean) in [("TRUE", true), ("FALSE", false)] {
            if self.takes(word)? {
                return Ok(Node::Boolean(boolean));
            }
        }
        match &self.token.kind {
            Kind::Number => self.number(false),
            Kind::Text(text) => {
                let node = Node::Text(text.clone());
                self.step()?;
                Ok(node)
            }
            Kind::Path(_) => self.key().map(Node::Key),
            Kind::Word if !self.is_keyword() => self.attribute_or_call(),
            _ => Err(self.expected("a value")),
        }
    }

    fn attribute_or_call(&mut self) -> Result<Node, SqlError> {
        let word = self.token.clone();
        let mut ahead = self.lexer.clone();
        if ahead.next()?.text != "(" {
            return self.key().map(Node::Key);
        }
        self.step()?;
        self.step()?;
        let arguments = if self.takes(")")? { Vec::new() } else { self.list()? };
        let function = Function::of_name(word.text).ok_or_else(|| self.no_function(&word))?;
        match function.refuses(arguments.len()) {
            Some(what) => Err(SqlError::function(self.text, word.at, &what)),
            None => Ok(Node::Call(function, arguments)),
        }
    }

    fn no_function(&self, word: &Token<'_>) -> SqlError {
        let known = Function::names();
        let hint = match (word.text.len() < 32)
            .then(|| nearest(&word.text.to_uppercase(), &known))
            .flatten()
        {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {}", known.join(", ")),
        };
        let what = format!("there is no function {}; {hint}", short(word.text));
        SqlError::function(self.text, word.at, &what)
    }

    /// An attribute, in small letters whatever it is written in, or a member of the data.
    fn key(&mut self) -> Result<Key, SqlError> {
        let key = match &self.token.kind {
            Kind::Path(members) => Key::Data(members.clone()),
            Kind::Word if self.token.text.eq_ignore_ascii_case(DATA) => Key::Data(Vec::new()),
            Kind::Word if !self.is_keyword() => {
                let name = self.token.text.to_ascii_lowercase();
                Key::attribute(&name).map_err(|what| self.error(&what))?
            }
            _ => return Err(self.expected("an attribute")),
        };
        self.step()?;
        Ok(key)
    }

    fn number(&mut self, is_negative: bool) -> Result<Node, SqlError> {
        let sign = if is_negative { "-" } else { "" };
        let number = Number::parse(&format!("{sign}{}", self.token.text))
            .ok_or_else(|| self.error("the number is too large"))?;
        self.step()?;
        Ok(Node::Number(number))
    }

    /// Expressions with commas between, up to the parenthesis.
    fn list(&mut self) -> Result<Vec<Node>, SqlError> {
        let mut list = Vec::new();
        loop {
            list.push(self.deeper(|parser| parser.expression(level::LOGIC))?);
            if !self.takes(",")? {
                break;
            }
        }
        self.close()?;
        Ok(list)
    }

    fn close(&mut self) -> Result<(), SqlError> {
        if self.takes(")")? { Ok(()) } else { Err(self.expected("an operator or )")) }
    }

    fn deeper(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Node, SqlError>,
    ) -> Result<Node, SqlError> {
        if self.depth == SQL_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let node = parse(self);
        self.depth -= 1;
        node
    }

    /// Whether this word or sign is looked at.
    fn is(&self, text: &str) -> bool {
        matches!(self.token.kind, Kind::Word | Kind::Sign)
            && self.token.text.eq_ignore_ascii_case(text)
    }

    fn is_keyword(&self) -> bool {
        KEYWORDS.iter().any(|word| self.is(word))
    }

    fn takes(&mut self, text: &str) -> Result<bool, SqlError> {
        let is = self.is(text);
        if is {
            self.step()?;
        }
        Ok(is)
    }

    fn step(&mut self) -> Result<(), SqlError> {
        self.before = self.token.text;
        self.token = self.lexer.next()?;
        Ok(())
    }

    fn expected(&self, what: &str) -> SqlError {
        let after = match self.before {
            "" => String::new(),
            before => format!(" after {}", plain(before)),
        };
        let found = match self.token.kind {
            Kind::End => "end of text".to_owned(),
            _ => plain(self.token.text),
        };
        self.error(&format!("expected {what}{after}, found {found}"))
    }

    fn too_deep(&self) -> SqlError {
        self.error(&format!("more than {SQL_DEPTH} operations stand inside one another"))
    }

    fn error(&self, what: &str) -> SqlError {
        SqlError::syntax(self.text, self.token.at, what)
    }
}
