//! Jobs as lines of a table: RFC 4180.

use serde_json::value::RawValue;
use windlass::Timestamp;

use super::document::Job;

/// The first line.
pub(super) const HEAD: &str = "id,kind,queue,state,priority,attempt,max_attempts,tags,subjects,created_at,run_at,started_at,finished_at,worker,reason,error,batch,root,parent,origin,args,output\r\n";

/// A job's line.
pub(super) fn line(job: &Job) -> String {
    let text = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let json = |json: &Option<Box<RawValue>>| cell(json.as_ref().map_or("", |json| json.get()));
    let subjects: Vec<String> = job.subjects.iter().map(|subject| subject.text()).collect();
    let error = job.attempts.last().and_then(|attempt| attempt.error.clone());
    let cells = [
        cell(&job.id),
        cell(&job.kind),
        cell(&job.queue),
        job.state.word().to_owned(),
        job.priority.to_string(),
        job.attempt.to_string(),
        job.max_attempts.map(|most| most.to_string()).unwrap_or_default(),
        cell(&job.tags.join(" ")),
        cell(&subjects.join(" ")),
        at(Some(job.created_at)),
        at(Some(job.run_at)),
        at(job.started_at),
        at(job.finished_at),
        text(&job.worker),
        text(&job.reason),
        text(&error),
        text(&job.batch),
        cell(&job.root),
        text(&job.parent),
        text(&job.origin),
        json(&job.args),
        json(&job.output),
    ];
    cells.join(",") + "\r\n"
}

/// What begins a formula, in either width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
/// What may part cells, in any country.
const PARTS: [char; 6] = ['"', ',', ';', '\t', '\r', '\n'];

/// A text as a cell. A table calculator runs what looks like a formula: such a text begins with an apostrophe.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(FORMULA) { "'" } else { "" };
    match text.contains(PARTS) {
        true => format!("\"{guard}{}\"", text.replace('"', "\"\"")),
        false => format!("{guard}{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_has_to_be() {
        for (text, written) in [
            ("", ""),
            ("mail.send", "mail.send"),
            ("a b'", "a b'"),
            ("a,b", "\"a,b\""),
            ("a;=1+1;b", "\"a;=1+1;b\""),
            ("a\tb", "\"a\tb\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("two\rlines", "\"two\rlines\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn nothing_is_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "\"'\tx\""),
            ("＝1+1", "'＝1+1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠SUM(A1)", "'＠SUM(A1)"),
            ("\rx", "\"'\rx\""),
            (
                "=HYPERLINK(\"http://evil.example\",1)",
                "\"'=HYPERLINK(\"\"http://evil.example\"\",1)\"",
            ),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
