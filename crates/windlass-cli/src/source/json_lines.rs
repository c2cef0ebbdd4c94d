//! A JSON object on each line, or an array of them.

use serde_json::value::RawValue;
use windlass::source::Read;

use super::Mapping;

/// The records of a page.
pub(super) fn read(body: &[u8], mapping: &Mapping) -> Vec<Read> {
    let text = String::from_utf8_lossy(body);
    if text.trim_start().starts_with('[')
        && let Ok(records) = serde_json::from_str::<Vec<&RawValue>>(&text)
    {
        return records.into_iter().map(|record| mapping.read(record.get())).collect();
    }
    let is_whole = matches!(text, std::borrow::Cow::Borrowed(_));
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let read = |line: &str| match mapping.read(line) {
        // It may have other characters than those that were meant.
        Read::Record(record) if !is_whole && line.contains('\u{FFFD}') => {
            Read::unreadable(record.number, line, "not UTF-8")
        }
        read => read,
    };
    lines.map(read).collect()
}
