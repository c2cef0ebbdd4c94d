//! What an answer means for the job.

use reqwest::{Response, StatusCode};
use windlass::JobError;
use windlass::Json;
use windlass::limits::OUTPUT_BYTES;

use super::wait::retry_after;

/// Bytes of an answer that tells of a failure that go into the error's text.
const ERROR_BODY_BYTES: usize = 2 * 1024;

/// Reads as much of the answer as matters and decides.
pub(super) async fn verdict(response: Response, retry_4xx: bool) -> Result<Option<Json>, JobError> {
    let status = response.status();
    if status.is_success() && status != StatusCode::ACCEPTED {
        return output(response).await;
    }
    let asks = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if let Some(delay) = retry_after(response.headers()).filter(|_| asks) {
        tracing::info!(%status, ?delay, "the target asked for a pause");
        return Err(JobError::snooze(delay));
    }
    Err(refusal(status, retry_4xx, &beginning(response).await))
}

fn refusal(status: StatusCode, retry_4xx: bool, body: &str) -> JobError {
    let said = if body.is_empty() { String::new() } else { format!(": {body}") };
    let text = format!("the target answered {status}{said}");
    match status.as_u16() {
        // The target has taken the work on and means to report back, which it cannot: another
        // attempt would have it done twice, and get the same answer.
        202 => JobError::dead(
            "the target answered 202 Accepted, but its handler has no settle_url, where the job could be \
             settled later: set http.settle_url, or answer 200 when the work is done",
        ),
        300..=399 => JobError::retry(format_args!("{text}; redirects are not followed")),
        410 => JobError::dead(format_args!("the target is gone (410 Gone){said}")),
        408 | 425 | 429 => JobError::retry(text),
        400..=499 if !retry_4xx => JobError::dead(text),
        _ => JobError::retry(text),
    }
}

/// The body of a success as output. A text that does not claim to be JSON, such as a plain
/// `ok`, is neither an output nor a mistake.
async fn output(response: Response) -> Result<Option<Json>, JobError> {
    let header = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let claims_json = header.is_none_or(|kind| kind.contains("json"));
    let length = response.content_length();
    let body = match bounded(response, OUTPUT_BYTES).await {
        Ok(body) => body,
        // The work is done at the target; that its answer broke off changes nothing about it,
        // but whether it was a success is only known at its end.
        Err(error) => {
            return Err(JobError::retry(format_args!(
                "the answer broke off: {}",
                error.without_url()
            )));
        }
    };
    if body.cut {
        return Ok(Some(super::super::too_large(length.unwrap_or(OUTPUT_BYTES as u64 + 1))));
    }
    if !claims_json && serde_json::from_slice::<serde::de::IgnoredAny>(&body.bytes).is_err() {
        return Ok(None);
    }
    Ok(super::super::output(body.bytes))
}

struct Body {
    bytes: Vec<u8>,
    cut: bool,
}

async fn bounded(mut response: Response, limit: usize) -> reqwest::Result<Body> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit - bytes.len();
        if chunk.len() > room {
            bytes.extend_from_slice(&chunk[..room]);
            return Ok(Body { bytes, cut: true });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body { bytes, cut: false })
}

async fn beginning(response: Response) -> String {
    match bounded(response, ERROR_BODY_BYTES).await {
        Ok(body) => {
            let text = String::from_utf8_lossy(&body.bytes);
            let text = text.trim();
            if body.cut { format!("{text}…") } else { text.to_owned() }
        }
        // The status is known; what was said with it is not worth an error of its own.
        Err(_) => String::new(),
    }
}
