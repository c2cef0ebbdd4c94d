//! What runs the jobs of a kind that a configuration names: an executable or an HTTP target.
//!
//! Each is a [`windlass::Handler`]; the engine knows nothing of processes or requests.

mod event;
pub(crate) mod exec;
pub(crate) mod http;
pub(crate) mod sign;

use std::fmt::Display;
use std::sync::Arc;

use serde::de::IgnoredAny;
use windlass::AttemptContext;
use windlass::Json;
use windlass::json::JsonError;
use windlass::limits::OUTPUT_BYTES;
use windlass::{JobError, Policy, Registered, limits};

use crate::config::{HandlerConfig, Target};
use crate::shutdown::Hurry;

/// The log target of what programs print.
pub(crate) const LOG_TARGET: &str = "windlass::job";

/// What handlers share.
#[derive(Debug)]
pub(crate) struct HandlerParts {
    /// The store's URL, for programs that call `windlass` themselves.
    pub(crate) store: String,
    /// When a stop has no time left.
    pub(crate) hurry: Hurry,
    /// The HTTP client; made only where some handler needs it.
    pub(crate) client: Option<reqwest::Client>,
    /// Where programs leave their results; made only where some handler needs it.
    pub(crate) results: Option<Arc<exec::ResultFolder>>,
}

impl HandlerParts {
    /// What these handlers need.
    ///
    /// # Errors
    /// When no HTTP client can be made, or no folder for result files.
    pub(crate) fn new(
        handlers: &[HandlerConfig],
        store: String,
        hurry: Hurry,
    ) -> anyhow::Result<Self> {
        let has = |is: fn(&Target) -> bool| handlers.iter().any(|handler| is(&handler.target));
        let posts = has(|target| matches!(target, Target::Http(_)));
        let executes = has(|target| matches!(target, Target::Exec(_)));
        let client = posts.then(http::client).transpose()?;
        let results = executes.then(exec::ResultFolder::new).transpose()?;
        Ok(Self { store, hurry, client, results })
    }
}

/// The handler of one `[[handler]]`, as a worker takes it.
pub(crate) fn registered(config: &HandlerConfig, around: &HandlerParts) -> Registered {
    let policy = Policy {
        retry: config.retry.clone(),
        timeout: config.timeout.unwrap_or(limits::TIMEOUT),
        expected: config.expected,
        slots: Some(config.slots),
        max_losses: config.max_losses,
        ..Policy::default()
    };
    let kind = config.kind.clone();
    let mut registered = match &config.target {
        Target::Http(target) => {
            let client = around.client.clone().expect("made where a handler is an http target");
            let handler = http::HttpHandler::new(client, target.clone(), config.timeout);
            Registered::dynamic(kind, policy, Arc::new(handler))
        }
        Target::Exec(executable) => {
            let results = around.results.as_ref().expect("made where a handler is a program");
            let handler = Arc::new(exec::ExecHandler::new(executable, config, around, results));
            match config.chunks {
                Some(chunks) => Registered::dynamic_chunks(kind, policy, chunks, handler),
                None => Registered::dynamic(kind, policy, handler),
            }
        }
    };
    registered.queue.clone_from(&config.queue);
    registered
}

/// Refuses args that are not JSON, which only somebody else's SQL can have written: no attempt can
/// succeed, and neither a program nor a target should be asked to find that out.
fn check_args(attempt: &AttemptContext) -> Result<(), JobError> {
    match attempt.args().read::<IgnoredAny>() {
        Ok(_) => Ok(()),
        Err(error) => Err(JobError::dead(format_args!("malformed args: {error}"))),
    }
}

/// A text from outside as a job's output. The work is done, so what cannot be stored is replaced
/// by a note that says why.
fn output(bytes: Vec<u8>) -> Option<Json> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let checked = match String::from_utf8(bytes) {
        Ok(text) => Json::output(text.trim()),
        Err(error) => Err(JsonError::Utf8 { at: error.utf8_error().valid_up_to() }),
    };
    match checked {
        Ok(json) if json.as_str() == "null" => None,
        Ok(json) => Some(json),
        Err(error) => Some(not_stored(&error)),
    }
}

/// The note in place of an output that is too large to be read.
fn too_large(bytes: u64) -> Json {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    not_stored(&JsonError::Large { bytes, limit: OUTPUT_BYTES })
}

fn not_stored(error: &dyn Display) -> Json {
    Json::stored(serde_json::json!({ "windlass_output_not_stored": error.to_string() }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_cannot_be_stored_becomes_a_note() {
        let text = |bytes: &[u8]| output(bytes.to_vec()).map(|json| json.to_string());
        assert_eq!(text(b" {\"a\":1}\n"), Some("{\"a\":1}".to_owned()));
        assert_eq!(text(b"\n"), None);
        assert_eq!(text(b"null"), None);
        for wrong in [&b"{"[..], b"\"\\u0000\"", b"\xFF"] {
            assert!(text(wrong).expect("a note").contains("windlass_output_not_stored"));
        }
    }
}
