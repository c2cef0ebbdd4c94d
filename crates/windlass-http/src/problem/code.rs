//! The codes of problems: stable, each with its status and what to do.

use axum::http::StatusCode;

const STALE: &str = "The request says by `If-Match` or `If-None-Match` what it is meant for, and that is not what there is: somebody has changed it since, made it or removed it. Nothing was written. Read it again, look at what has changed, and send the change with the new `ETag`.";
const TOO_MANY_REQUESTS: &str = "The server lets each caller make so many requests in a time, as `RateLimit-Policy` says, and these are used up. Nothing was written. Try again later: `Retry-After` says when, and `RateLimit` on each answer what is left.";

/// What kind of problem it is. Codes are never renamed; new ones may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The request cannot be read.
    InvalidRequest,
    /// What was asked to be stored cannot be.
    Refused,
    /// Nobody is known who asks.
    Unauthorized,
    /// Who asks may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path is there, for other methods.
    MethodNotAllowed,
    /// The thing is in a state that does not allow it.
    Conflict,
    /// The key of a unique job is held.
    Duplicate,
    /// An idempotency key stands for another request.
    KeyReused,
    /// The first request with an idempotency key is still being carried out.
    RequestRunning,
    /// The lease of an attempt is lost.
    LeaseLost,
    /// The thing is not as the request expects.
    Stale,
    /// The remote worker is not on the list.
    WorkerGone,
    /// The body is larger than allowed.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// The body is not of a type that is understood.
    UnsupportedMediaType,
    /// The caller makes more requests than it may.
    TooManyRequests,
    /// The queue has a bound and no room.
    QueueFull,
    /// A server has no more live streams.
    TooManyStreams,
    /// The database cannot be reached.
    Unavailable,
    /// The connection broke before the answer came.
    OutcomeUnknown,
    /// The database's disk is full.
    DiskFull,
    /// Something else went wrong here.
    Internal,
}

impl Code {
    /// All of them, by status.
    pub const ALL: [Self; 23] = [
        Self::InvalidRequest,
        Self::Refused,
        Self::KeyReused,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::Conflict,
        Self::Duplicate,
        Self::RequestRunning,
        Self::LeaseLost,
        Self::WorkerGone,
        Self::Stale,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::TooManyRequests,
        Self::Internal,
        Self::OutcomeUnknown,
        Self::QueueFull,
        Self::TooManyStreams,
        Self::Unavailable,
        Self::DiskFull,
    ];

    /// The word for it, as in `/docs/problems/not-found`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::Refused => "refused",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::KeyReused => "key-reused",
            Self::RequestRunning => "request-running",
            Self::LeaseLost => "lease-lost",
            Self::Stale => "stale",
            Self::WorkerGone => "worker-gone",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::TooManyRequests => "too-many-requests",
            Self::QueueFull => "queue-full",
            Self::TooManyStreams => "too-many-streams",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::DiskFull => "disk-full",
            Self::Internal => "internal",
        }
    }

    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Refused | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict | Self::Duplicate | Self::RequestRunning | Self::LeaseLost => {
                StatusCode::CONFLICT
            }
            Self::WorkerGone => StatusCode::GONE,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal | Self::OutcomeUnknown => StatusCode::INTERNAL_SERVER_ERROR,
            Self::QueueFull | Self::TooManyStreams | Self::Unavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// What it means, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request cannot be read",
            Self::Refused => "It cannot be stored",
            Self::Unauthorized => "Credentials are missing or wrong",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Not with this method",
            Self::Conflict => "Conflict",
            Self::Duplicate => "The unique key is held",
            Self::KeyReused => "The key stands for another request",
            Self::RequestRunning => "The first request with this key is under way",
            Self::LeaseLost => "The lease was lost",
            Self::Stale => "It is not as it was seen",
            Self::WorkerGone => "The worker is not registered any more",
            Self::TooLarge => "Too large",
            Self::TooSlow => "The body came too slowly",
            Self::UnsupportedMediaType => "Not JSON",
            Self::TooManyRequests => "Too many requests",
            Self::QueueFull => "The queue is full",
            Self::TooManyStreams => "Too many streams are open",
            Self::Unavailable => "The database cannot be reached",
            Self::OutcomeUnknown => "It may or may not have happened",
            Self::DiskFull => "The database's disk is full",
            Self::Internal => "Something went wrong here",
        }
    }

    /// What it means and what to do, as its page says.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::InvalidRequest => {
                "A parameter, a header or the body is not what the API document asks for. `errors` names each place: a JSON pointer into the body, or a parameter. Nothing was written. Correct the request; the same one fails again."
            }
            Self::Refused => {
                "The request is well formed, but no store can keep what it brings: a name, a number or a text is outside its limits. `detail` says which. Nothing was written."
            }
            Self::Unauthorized => {
                "The request has no token, or one that is unknown, expired or removed. Send `Authorization: Bearer TOKEN`."
            }
            Self::Forbidden => {
                "The token is known, but its scopes, queues or kinds do not cover this. `detail` says what is missing. Nothing was written."
            }
            Self::NotFound => {
                "There is no such path, or nothing with this id or name: it was never there, or was removed when its time of keeping ended."
            }
            Self::MethodNotAllowed => {
                "The path is there, but not for this method. `Allow` names those there are."
            }
            Self::Conflict => {
                "The thing is in a state that does not allow this, for example a batch that has ended. `detail` says what stands in the way. Nothing was written."
            }
            Self::Duplicate => {
                "The job asked to be refused where another one holds its unique key, and one does: `job` names it. Nothing was written."
            }
            Self::KeyReused => {
                "The `Idempotency-Key` of the request came before, with another body. A key stands for one request for 24 hours. Nothing was written. Take a new key for a new request."
            }
            Self::RequestRunning => {
                "A request with the same `Idempotency-Key` is being carried out, perhaps by another server. Ask again in a second for its answer. One whose server died is carried out again a minute after it began."
            }
            Self::LeaseLost => {
                "The attempt's lease is gone: the job was given to another worker, or has ended. Nothing was written. Stop working on the job; do not send the result again."
            }
            Self::Stale => STALE,
            Self::WorkerGone => {
                "The remote worker is not on the list: it has left, or its lease ended since no heartbeat came. Its jobs were given to others. Register again; do not send results of jobs that it held."
            }
            Self::TooLarge => {
                "The body has more bytes than allowed. `detail` names the limit. Nothing was written."
            }
            Self::TooSlow => {
                "The body did not come in time. `detail` says how long it may take. Nothing was written."
            }
            Self::UnsupportedMediaType => {
                "The body is not JSON by its `Content-Type`. Send `Content-Type: application/json`."
            }
            Self::TooManyRequests => TOO_MANY_REQUESTS,
            Self::QueueFull => {
                "The queue has a bound and so many of its jobs wait already. Nothing was written. Try again later: `Retry-After` says when."
            }
            Self::TooManyStreams => {
                "As many live streams are open as the server has, and no caller has more of them; or one of yours was closed for a caller who has fewer. Close one, or try again later: `Retry-After` says when. Tabs of one browser can share a stream."
            }
            Self::Unavailable => {
                "The database cannot be reached or is shutting down. It did not happen. Try again: `Retry-After` says when."
            }
            Self::OutcomeUnknown => {
                "The connection to the database broke after the request was sent, so it may or may not have happened. Repeat it with the same `id` or the same `Idempotency-Key`: it then happens once."
            }
            Self::DiskFull => {
                "The database's disk is full. It did not happen. Somebody has to make room."
            }
            Self::Internal => {
                "Something went wrong that the request is not to blame for. The log of the server has the cause beside `request_id`."
            }
        }
    }
}
