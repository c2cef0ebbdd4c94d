//! Why an event is wanted, or is not.

use std::fmt;

use super::event::EventView;
use super::filter::Filter;
use super::key::Key;
use super::predicate::{Clauses, How, Predicate, Wanted};
use super::words::{one_line, plain, seen};

/// Whether an event is wanted, and what decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// Whether it is wanted.
    pub matches: bool,
    /// The clause that decided, as a path into the filter: `types`, `all[0].exact.subject`. Empty where the filter wants
    /// every event.
    pub clause: String,
    /// Why, in words, on one line.
    pub words: String,
}

/// On one line: the clause and the words.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.clause.as_str() {
            "" => f.write_str(&self.words),
            clause => write!(f, "{clause}: {}", self.words),
        }
    }
}

/// Parts of a list that are told of it.
const TOLD: usize = 5;

/// What is said of a predicate.
struct Told {
    holds: bool,
    clause: String,
    words: String,
}

/// Looks at the clauses in the order of [`Filter::matches`].
pub(super) fn explain(filter: &Filter, event: &EventView<'_>) -> Explanation {
    let kind = plain(event.kind());
    let Told { holds, clause, words } = if !filter.wants_type(event.kind()) {
        let words = format!("{kind} is none of {}", some(filter.types(), ", "));
        Told { holds: false, clause: "types".into(), words }
    } else if !filter.all.list().is_empty() {
        all("all", &filter.all, event)
    } else if let Some(pattern) = filter.types().iter().find(|one| one.fits(event.kind())) {
        Told { holds: true, clause: "types".into(), words: format!("{kind} fits {pattern}") }
    } else {
        Told { holds: true, clause: String::new(), words: "every event is wanted".into() }
    };
    Explanation { matches: holds, clause: one_line(&clause), words: one_line(&words) }
}

/// The one clause that does not hold, of an event of a wanted type for which all the others do.
pub(super) fn near_miss(filter: &Filter, event: &EventView<'_>) -> Option<Explanation> {
    if !filter.wants_type(event.kind()) {
        return None;
    }
    let mut refusing = filter.all.in_order().filter(|(_, predicate)| !predicate.holds(event));
    let (nth, predicate) = refusing.next()?;
    if refusing.next().is_some() {
        return None;
    }
    let Told { holds, clause, words } = of(&format!("all[{nth}]"), predicate, event);
    Some(Explanation { matches: holds, clause: one_line(&clause), words: one_line(&words) })
}

fn all(at: &str, clauses: &Clauses, event: &EventView<'_>) -> Told {
    let mut last = None;
    for (nth, predicate) in clauses.in_order() {
        let told = of(&format!("{at}[{nth}]"), predicate, event);
        if !told.holds {
            return told;
        }
        last = Some(told);
    }
    match (clauses.list().len(), last) {
        (1, Some(told)) => told,
        (count, _) => Told {
            holds: true,
            clause: at.to_owned(),
            words: format!("all {count} predicates hold"),
        },
    }
}

fn any(at: &str, clauses: &Clauses, event: &EventView<'_>) -> Told {
    let mut refusals = Vec::new();
    for (nth, predicate) in clauses.in_order() {
        let told = of(&format!("{at}[{nth}]"), predicate, event);
        if told.holds || clauses.list().len() == 1 {
            return told;
        }
        refusals.push(told.words);
    }
    let words = format!("none of {} holds: {}", refusals.len(), some(&refusals, "; "));
    Told { holds: false, clause: at.to_owned(), words }
}

/// Recursion is as deep as the filter, which is bounded when it is read.
fn of(at: &str, predicate: &Predicate, event: &EventView<'_>) -> Told {
    let at = format!("{at}.{}", predicate.word());
    match predicate {
        Predicate::Compare(how, pairs) => compare(&at, *how, pairs, event),
        Predicate::All(clauses) => all(&at, clauses, event),
        Predicate::Any(clauses) => any(&at, clauses, event),
        Predicate::Not(inner) => {
            let told = of(&at, inner, event);
            let does = if told.holds { "does" } else { "does not" };
            let words = format!("must not hold, and {does}: {}", told.words);
            Told { holds: !told.holds, words, ..told }
        }
        Predicate::Sql(expression) => {
            let words = expression.explain(event);
            Told { holds: expression.matches(event), clause: at, words }
        }
    }
}

fn compare(at: &str, how: How, pairs: &[(Key, Wanted)], event: &EventView<'_>) -> Told {
    let refused = pairs.iter().find(|(key, wanted)| !how.holds(key, event.look(key), wanted));
    if let Some((key, wanted)) = refused {
        let must = match how {
            How::Exact => "be",
            How::Prefix => "begin with",
            How::Suffix => "end with",
        };
        let words = format!("{key} {}, and must {must} {wanted}", seen(event.look(key)));
        return Told { holds: false, clause: format!("{at}.{}", key.json_key()), words };
    }
    let values: Vec<String> =
        pairs.iter().map(|(key, _)| format!("{key} {}", seen(event.look(key)))).collect();
    let clause = match pairs {
        [(key, _)] => format!("{at}.{}", key.json_key()),
        _ => at.to_owned(),
    };
    Told { holds: true, clause, words: some(&values, ", ") }
}

/// The first ones of a list.
fn some<T: ToString>(list: &[T], between: &str) -> String {
    let mut parts: Vec<String> = list.iter().take(TOLD).map(ToString::to_string).collect();
    if list.len() > TOLD {
        parts.push(format!("{} more", list.len() - TOLD));
    }
    parts.join(between)
}
