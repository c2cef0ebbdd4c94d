//! A JSON object on each line, or an array of them.

use serde_json::value::RawValue;
use windlass::limits::SOURCE_RECORDS;
use windlass::source::{Read, UpstreamError};

use super::Mapping;

/// The records of a page.
pub(super) fn read(body: &[u8], mapping: &Mapping) -> Result<Vec<Read>, UpstreamError> {
    // Before any of them is read: a page of empty objects has millions.
    let ends = body.iter().filter(|byte| matches!(byte, b'\n' | b',')).count();
    if ends >= SOURCE_RECORDS && number(body) > SOURCE_RECORDS {
        let what = format!(
            "the page has more than {SOURCE_RECORDS} records: ask for fewer at a time by `page`"
        );
        return Err(UpstreamError::new(what));
    }
    if let Some(records) = array(body) {
        return Ok(records.into_iter().map(|record| mapping.read(record.get())).collect());
    }
    // A line that is not a text is put aside alone, with what can be shown of it.
    let read = |line| {
        std::str::from_utf8(line).map_or_else(|_| Read::no_text(line), |line| mapping.read(line))
    };
    Ok(lines(body).map(read).collect())
}

fn number(body: &[u8]) -> usize {
    array(body).map_or_else(|| lines(body).count(), |records| records.len())
}

fn array(body: &[u8]) -> Option<Vec<&RawValue>> {
    let text = std::str::from_utf8(body).ok()?;
    text.trim_start().starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping() -> Mapping {
        Mapping::plain("tick".parse().expect("a template"))
    }

    /// O22: a line that is not a text is put aside and is never read for one; a character that stands for such bytes in another line
    /// changes nothing.
    #[test]
    fn a_line_that_is_no_text_is_put_aside_alone() {
        let body = b"{\"a\":1}\r\n\n{\"a\":\"\xff\"}\n{\"a\":\"\xef\xbf\xbd\"}\n";
        let records = read(body, &mapping()).expect("read");
        let [Read::Record(_), Read::Unreadable(no_text), Read::Record(_)] = &records[..] else {
            panic!("{records:?}")
        };
        assert_eq!((no_text.reason.as_str(), no_text.is_whole), ("not UTF-8", false));
    }

    /// O18: a page of more records than a page may have is refused before they are read, as lines and as an array.
    #[test]
    fn a_page_of_too_many_records_is_refused() {
        let lines = |records: usize| "1\n".repeat(records);
        let array = |records: usize| format!("[{}]", vec!["1,1"; records / 2].join(","));
        assert_eq!(
            read(lines(SOURCE_RECORDS).as_bytes(), &mapping()).expect("read").len(),
            SOURCE_RECORDS
        );
        for page in [lines(SOURCE_RECORDS + 1), array(SOURCE_RECORDS + 2)] {
            let told = read(page.as_bytes(), &mapping()).expect_err("refused");
            assert!(told.text().starts_with("the page has more than 100000 records"));
        }
        // A few large records may have many commas.
        let commas = format!("{{\"a\":[{}1]}}\n", "1,".repeat(SOURCE_RECORDS));
        assert_eq!(read(commas.as_bytes(), &mapping()).expect("read").len(), 1);
    }
}
