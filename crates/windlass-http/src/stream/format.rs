//! The two forms of a stream: server-sent events, and a JSON document a line.

use axum::http::{HeaderMap, header};

use super::document::MessageBody;

/// How soon a browser connects again.
const RETRY_MS: u32 = 2_000;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    ServerSentEvents,
    Lines,
}

impl Format {
    /// The one that a request accepts.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accepted =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut types = accepted
            .flat_map(|value| value.split(','))
            .map(|one| one.split(';').next().unwrap_or_default().trim());
        match types.any(|one| one.eq_ignore_ascii_case(Self::Lines.content_type())) {
            true => Self::Lines,
            false => Self::ServerSentEvents,
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::ServerSentEvents => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }

    /// Writes a message.
    pub(super) fn write(self, out: &mut String, message: MessageBody<'_>) {
        let (word, id) = (message.word(), message.cursor().map(str::to_owned));
        if self == Self::ServerSentEvents {
            match &message {
                // A comment, and an id without data: it is remembered, and nothing is told.
                MessageBody::Alive { .. } => out.push_str(": alive\n"),
                MessageBody::Start { .. } => {
                    out.push_str(&format!("retry: {RETRY_MS}\nevent: {word}\n"));
                }
                _ => out.push_str(&format!("event: {word}\n")),
            }
            if let Some(id) = id {
                out.push_str(&format!("id: {id}\n"));
            }
            if word != "alive" {
                out.push_str(&format!("data: {}\n", text(message)));
            }
        } else {
            out.push_str(&text(message));
        }
        out.push('\n');
    }
}

fn text(message: MessageBody<'_>) -> String {
    serde_json::to_string(&message.document()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, message: MessageBody<'_>) -> String {
        let mut out = String::new();
        format.write(&mut out, message);
        out
    }

    #[test]
    fn a_message_is_an_event_or_a_line() {
        let alive = || MessageBody::Alive { cursor: Some("7".to_owned()) };
        assert_eq!(written(Format::ServerSentEvents, alive()), ": alive\nid: 7\n\n");
        let line = "{\"schema\":\"stream.v1\",\"message\":\"alive\",\"cursor\":\"7\"}\n";
        assert_eq!(written(Format::Lines, alive()), line);
        let end = MessageBody::End { code: "unavailable", detail: "a\nb" };
        let event = "event: end\ndata: {\"schema\":\"stream.v1\",\"message\":\"end\",\"code\":\"unavailable\",\"detail\":\"a\\nb\"}\n\n";
        assert_eq!(written(Format::ServerSentEvents, end), event, "no text breaks its line");
    }

    #[test]
    fn lines_are_for_who_accepts_them() {
        let of = |accept: &'static str| {
            Format::accepted(&HeaderMap::from_iter([(
                header::ACCEPT,
                accept.parse().expect("a value"),
            )]))
        };
        assert_eq!(of("text/html, application/X-ndjson;q=0.5"), Format::Lines);
        assert_eq!(of("text/event-stream"), Format::ServerSentEvents);
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::ServerSentEvents);
    }
}
