//! Lines of a stream, each of them bounded: a stream may have no end, and neither may a line.

use std::io::{self, BufRead, BufReader, Read};

use crate::output::time;

/// The lines, read one by one.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    /// Bytes that one may have.
    most: usize,
    nth: u64,
}

/// One line: its number from 1, and its text where it is one.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) nth: u64,
    pub(super) text: Result<String, String>,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(reader: R, most: usize) -> Self {
        Self { reader: BufReader::new(reader), most, nth: 0 }
    }

    /// The next line that is not blank; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut line = Vec::new();
            let most = self.most as u64 + 1;
            if self.reader.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            self.nth += 1;
            if line.len() > self.most {
                if line.last() != Some(&b'\n') {
                    self.skip()?;
                }
                let limit = time::number(self.most as u64);
                let why = format!("more than {limit} bytes, which is the limit of a line");
                return Ok(Some(Line { nth: self.nth, text: Err(why) }));
            }
            let text = String::from_utf8(line).map_err(|error| {
                format!("invalid UTF-8 at byte {}", error.utf8_error().valid_up_to())
            });
            if text.as_ref().map_or(true, |text| !text.trim().is_empty()) {
                return Ok(Some(Line { nth: self.nth, text }));
            }
        }
    }

    /// Passes over the rest of a line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let found = self.reader.fill_buf()?;
            if found.is_empty() {
                return Ok(());
            }
            let end = found.iter().position(|byte| *byte == b'\n');
            let read = end.map_or(found.len(), |at| at + 1);
            self.reader.consume(read);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_numbers() {
        let text: &[u8] = b"one\n\n\xff\ntoo long for a line\nlast";
        let mut lines = Lines::of(text, 10);
        let mut found = Vec::new();
        while let Some(line) = lines.next().expect("read") {
            found.push((line.nth, line.text.map_err(|why| why.len() > 10)));
        }
        let text = |text: &str| Ok(text.to_owned());
        assert_eq!(found, [(1, text("one\n")), (3, Err(true)), (4, Err(true)), (5, text("last"))]);
    }
}
