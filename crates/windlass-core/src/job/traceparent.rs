//! The W3C trace context of the enqueuer, read.

/// A trace context, read: the trace that the enqueuer was in, and its span there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traceparent<'a> {
    /// The trace's id: 32 small hexadecimal digits.
    pub(crate) trace_id: &'a str,
    /// The id of the enqueuer's span: 16 of them.
    pub(crate) span_id: &'a str,
}

impl<'a> Traceparent<'a> {
    /// Reads `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; `None` for a text that is not a trace context.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace_id) = (parts.next()?, parts.next()?);
        let (span_id, flags) = (parts.next()?, parts.next()?);
        // A later version may have more behind these four.
        let is_ended = version != "00" || parts.next().is_none();
        let fits = is_hex(version, 2) && version != "ff" && is_hex(flags, 2) && is_ended;
        let is_set = |id: &str| id.bytes().any(|digit| digit != b'0');
        let ids =
            is_hex(trace_id, 32) && is_set(trace_id) && is_hex(span_id, 16) && is_set(span_id);
        (fits && ids).then_some(Self { trace_id, span_id })
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    /// E17: the ids of a trace context are read, and no others.
    #[test]
    fn a_trace_context_has_two_ids() {
        let read =
            |text: &str| Traceparent::read(text).map(|one| (one.trace_id.len(), one.span_id.len()));
        let fine = [format!("00-{TRACE}-{SPAN}-01"), format!("01-{TRACE}-{SPAN}-00-more")];
        assert_eq!(fine.map(|text| read(&text)), [Some((32, 16)); 2]);
        let zeros = "0".repeat(32);
        for wrong in [
            String::new(),
            "00-1-2-01".to_owned(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
