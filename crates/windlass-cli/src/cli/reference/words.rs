//! Texts of the help as Markdown.

/// A text as one sentence: clap wants none of its full stops.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let ends = text.is_empty() || text.ends_with(['.', '?', '!', ':']);
    if ends { text.to_owned() } else { format!("{text}.") }
}

/// Words of the command line behind a title, where there are any.
pub(super) fn list(title: &str, words: impl IntoIterator<Item = String>) -> Option<String> {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    (!words.is_empty()).then(|| format!("{title} {}.", words.join(", ")))
}

/// A text for the cell of a table.
pub(super) fn cell(text: &str) -> String {
    let lines: Vec<&str> = text.split_whitespace().collect();
    escaped(&lines.join(" ")).replace('|', "\\|")
}

/// A help text with its paragraphs; lines that are set in are what somebody types, or a table.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut typed = false;
    let mut between = true;
    for line in text.lines() {
        let is_typed = line.starts_with("  ") || (typed && line.starts_with(' '));
        if is_typed != typed {
            out.push_str(if is_typed { "\n```text\n" } else { "```\n" });
            typed = is_typed;
            between = true;
        }
        if is_typed {
            out.push_str(line.strip_prefix("  ").unwrap_or(line));
            out.push('\n');
        } else if line.trim().is_empty() {
            between = true;
        } else {
            if between {
                out.push('\n');
            }
            out.push_str(&escaped(line));
            out.push('\n');
            between = false;
        }
    }
    if typed {
        out.push_str("```\n");
    }
    out
}

/// Without what Markdown would read as its own, outside of what stands in backticks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut code = false;
    for c in text.chars() {
        code ^= c == '`';
        if !code && matches!(c, '<' | '*') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[test]
fn what_is_set_in_is_code_and_the_rest_is_text() {
    let text = "Examples:\n  windlass job list kind:img.*\n\nkind:img.* finds <all>,\nin `a*`.";
    let expected = "\nExamples:\n\n```text\nwindlass job list kind:img.*\n```\n\nkind:img.\\* finds \\<all>,\nin `a*`.\n";
    assert_eq!(prose(text), expected);
}

#[test]
fn a_cell_is_on_one_line_and_cannot_end_early() {
    assert_eq!(cell("a | b\n  c"), "a \\| b c");
    assert_eq!(sentence("a"), "a.");
    assert_eq!(list("One of", ["a".to_owned()]), Some("One of `a`.".to_owned()));
    assert_eq!(list("One of", []), None);
}
